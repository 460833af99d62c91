import argparse
from pathlib import Path

from transit import tasks  # noqa: F401
from transit.core import load_settings, run_all, spark_session


def cli(argv=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--settings", default=str(Path(__file__).with_name("transit.yaml")))
    parser.add_argument("--only", nargs="*")
    return parser.parse_args(argv)


def main():
    args = cli()
    settings = load_settings(args.settings)
    with spark_session(settings) as spark:
        done = run_all(spark, settings, only=args.only)
    print("finished", ", ".join(done))


main()
