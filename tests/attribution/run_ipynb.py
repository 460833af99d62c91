"""Runs a Jupyter notebook cell by cell in a kernel of its own, as `jupyter execute` does, and writes nothing back.

    PYTHONPATH=SITE_PACKAGES_WITH_PYSPARK PYSPARK_SUBMIT_ARGS="--conf … pyspark-shell" python run_ipynb.py source/NOTEBOOK.ipynb

The kernel's working directory is the current one. Needs nbclient, nbformat and ipykernel. What the cells print goes to the standard output.
"""

import os
import sys

import nbformat
from nbclient import NotebookClient


def main():
    notebook = nbformat.read(sys.argv[1], as_version=4)
    client = NotebookClient(notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": os.getcwd()}})
    try:
        client.execute()
    finally:
        for number, cell in enumerate(notebook.cells, 1):
            for output in cell.get("outputs", []):
                print(f"[{number}]", output.get("text") or output.get("data", {}).get("text/plain") or output.get("evalue"))


main()
