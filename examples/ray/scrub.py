"""Scrubs a folder of Parquet with Ray Data: python scrub.py IN OUT --key-file FILE [--patient COLUMN]

One engine an actor, made when the actor starts; a batch is an Arrow table on its way in and out.
"""

import argparse

import deidre


class Scrub:
    """An engine, and what is searched."""

    def __init__(self, options, chosen):
        self.engine = deidre.Engine(**options)
        self.chosen = chosen

    def __call__(self, table):
        return self.engine.deidentify(table, **self.chosen)


def scrub(dataset, options, chosen, actors=2):
    """The rows of a dataset of Ray, scrubbed; ``options`` of the engine, ``chosen`` of `deidentify`."""
    return dataset.map_batches(
        Scrub,
        fn_constructor_args=[{"threads": 1, **options}, chosen],
        batch_format="pyarrow",
        zero_copy_batch=True,
        # From one on: two actors on two cores would leave none to read with.
        concurrency=(1, actors),
    )


def main():
    import ray

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source")
    parser.add_argument("target")
    parser.add_argument("--policy", default="minimum-necessary")
    parser.add_argument("--key-file")
    parser.add_argument("--patient", help="column that says whose row it is")
    parser.add_argument("--actors", type=int, default=2)
    args = parser.parse_args()
    options = {"policy": args.policy, "key_file": args.key_file}
    clean = scrub(ray.data.read_parquet(args.source), options, {"patient": args.patient}, args.actors)
    clean.write_parquet(args.target)


if __name__ == "__main__":
    main()
