"Install `neural_emojis` with what `settings.ini` says; nothing is written down twice."
from configparser import ConfigParser
from pathlib import Path

from setuptools import setup

here = Path(__file__).parent
config = ConfigParser()
config.read(here/"settings.ini", encoding="utf-8")
cfg = config["DEFAULT"]
lib = cfg["lib_path"]
assets = [str(p.relative_to(here/lib)) for p in sorted((here/lib/"assets").rglob("*")) if p.is_file()]
readme = here/"README.md"
first, last = (int(cfg[name].split(".")[1]) for name in ("min_python", "max_python"))
ray, dev = cfg["ray_requirements"].split(), cfg["dev_requirements"].split()

setup(
    name=cfg["lib_name"],
    version=cfg["version"],
    description=cfg["description"],
    long_description=readme.read_text(encoding="utf-8") if readme.exists() else "",
    long_description_content_type="text/markdown",
    author=cfg["author"],
    author_email=cfg["author_email"],
    license="Apache-2.0",
    license_files=["LICENSE", "ATTRIBUTION.md"],
    url=cfg["git_url"],
    keywords=cfg["keywords"],
    classifiers=["Development Status :: 4 - Beta", "Intended Audience :: Developers",
                 "Topic :: Scientific/Engineering :: Artificial Intelligence", "Typing :: Typed",
                 *(f"Programming Language :: Python :: 3.{n}" for n in range(first, last + 1))],
    python_requires=f">={cfg['min_python']}",
    packages=[lib],
    package_data={lib: ["py.typed", *assets]},
    include_package_data=False,
    install_requires=cfg["requirements"].split(),
    extras_require={"ray": ray, "dev": dev + ray},
    entry_points={"console_scripts": cfg.get("console_scripts", "").split()},
    zip_safe=False,
)
