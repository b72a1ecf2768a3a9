"""Run every chapter from top to bottom, in reading order, each in a kernel of its own.

    python docs/execute.py              # copies in _build/nbs, two at a time; nbs/ stays as it is
    python docs/execute.py --in-place   # nbs/ itself, one at a time, as some chapters measure their
                                        # speed: for maintainers, through `make outputs`;
                                        # measured.txt keeps the date
"""
import argparse
import os
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import date
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.filters import strip_ansi

from pages import chapters, refuse_conflicts, two_at_a_time

root = Path(__file__).resolve().parent.parent
cell_timeout = 1800  # seconds
# the first line of every kernel: figures are drawn for a phone, too
watch = (f"import sys; sys.path.append({str(root/'docs')!r}); import phone; sys.path.pop(); "
         "phone.watch(get_ipython()); del phone, sys")


def copy_notebooks(
    nbs:Path,    # folder of notebooks
    target:Path, # emptied first
) -> None:
    "Copy the notebooks and the files beside them."
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(nbs, target, ignore=shutil.ignore_patterns(".*", "_*"))


def skip_unevaluated(nb) -> None:
    "Mark cells with `#| eval: false`, so that nbclient leaves them alone as nbdev does."
    for cell in nb.cells:
        if cell.cell_type == "code" and "#| eval: false" in cell.source:
            cell.metadata["tags"] = cell.metadata.get("tags", []) + ["skip-execution"]


def execute(path:Path) -> None:
    """Run one notebook, store its outputs in it and say how long it took.
    Stops the program, naming the cell, where one fails."""
    start = time.time()
    nb = nbformat.read(path, as_version=4)
    skip_unevaluated(nb)
    client = NotebookClient(nb, timeout=cell_timeout, kernel_name="python3", coalesce_streams=True,
                            # errors only: no talk about the kernel's sockets
                            extra_arguments=["--log-level=40", f"--IPKernelApp.exec_lines={watch}"],
                            resources={"metadata": {"path": str(path.parent)}})
    running = {}
    client.on_cell_start = lambda cell, cell_index: running.update(n=cell_index + 1)
    try: client.execute()
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        sys.exit(f'FAILED\n\n{strip_ansi(str(error)).rstrip()}\n\n'
                 f'The book stopped at {path.name}, cell {running.get("n", 0)} of {len(nb.cells)}.')
    for output in (o for cell in nb.cells for o in cell.get("outputs", [])):
        if output.output_type == "error":  # what fails to be shown stops no cell
            sys.exit(f"FAILED\n\n{path.name}: {output.ename}: {output.evalue}")
    nbformat.write(nb, path)
    print(f"{path.name:24} {time.time() - start:6.1f} s", flush=True)


def main() -> None:
    "Run the book."
    parser = argparse.ArgumentParser(description="Run every chapter from top to bottom.")
    parser.add_argument("--in-place", action="store_true", help="store the outputs in nbs/ itself")
    args = parser.parse_args()
    os.environ.pop("MPLBACKEND", None)  # figures belong into the notebook
    folder = root/"nbs"
    refuse_conflicts(folder)
    if not args.in_place:
        os.environ.update(two_at_a_time | os.environ)
        copy_notebooks(folder, folder := root/"_build/nbs")
    started = time.time()
    pool = ThreadPoolExecutor(1 if args.in_place else 2)
    runs = [pool.submit(execute, path) for path in [*chapters(folder), folder/"index.ipynb"]]
    try:
        for each in as_completed(runs): each.result()
    finally: pool.shutdown(cancel_futures=True)  # nothing else begins once one has failed
    if args.in_place: (root/"docs/measured.txt").write_text(f"{date.today()}\n", encoding="utf-8")
    print(f"{len(chapters(folder))} chapters run in {time.time() - started:.0f} s")


if __name__ == "__main__": main()
