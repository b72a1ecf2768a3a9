"""Run every notebook of nbs/ as a test, each in a process of its own.

`nbdev_test` on a whole folder reuses its processes, sets no time limit, and calls it a success
when it finds nothing to run. Here each notebook gets a fresh process and a time limit, and only
one whose process says that it ran and passed counts. Two run at a time, since models this small
keep TensorFlow from using two cores well.
"""
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from tempfile import TemporaryFile

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root/"docs"))
from pages import refuse_conflicts, two_at_a_time

timeout = 1800  # seconds for one notebook
# these begin, lest one of them runs alone at the end
longest = ["02_vae", "06_encoders", "a3_likelihood", "03_generation"]


def run(path:Path) -> tuple[bool, str, float]:
    "Whether the notebook passed, what it printed, and how many seconds it took."
    start = time.time()
    command = [Path(sys.executable).parent/"nbdev_test", "--path", path, "--n_workers", "0"]
    env = {"TF_CPP_MIN_LOG_LEVEL": "3", **two_at_a_time, **os.environ,
           "MPLBACKEND": "agg"}
    with TemporaryFile("w+", errors="replace") as log:
        try:
            code = subprocess.run(command, cwd=root, env=env, timeout=timeout,
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log).returncode
        except subprocess.TimeoutExpired: code = f"stopped after {timeout} s"
        log.seek(0)
        output = log.read()
    return (code == 0 and "Success." in output.splitlines(),
            f'{output}\n{code if isinstance(code, str) else ""}',
            time.time() - start)


def main() -> None:
    "Run all notebooks, say of each how it went, and exit with an error unless all ran and passed."
    refuse_conflicts(root/"nbs")
    paths, failed = sorted((root/"nbs").glob("*.ipynb")), []
    paths.sort(key=lambda path: path.stem not in longest)
    pool = ThreadPoolExecutor(2)
    runs = {pool.submit(run, path): path.name for path in paths}
    try:
        for each in as_completed(runs):
            name, (passed, output, seconds) = runs[each], each.result()
            print(f'{name:24} {"ok" if passed else "FAILED":6} {seconds:6.1f} s', flush=True)
            if not passed:
                failed.append(name)
                print(output, flush=True)
    finally: pool.shutdown(cancel_futures=True)  # whoever presses Ctrl-C does not wait for the rest
    print(f"{len(paths)} notebooks run, {len(paths) - len(failed)} passed, "
          f"{len(failed)} failed", flush=True)
    if failed or not paths:
        sys.exit(f'Failed: {", ".join(failed)}' if failed else "There are no notebooks in nbs/.")


if __name__ == "__main__": main()
