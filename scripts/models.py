"""Train the models that ship and are not up to date, in the order in which one needs another:
`NEURAL_EMOJIS_DATA=folder python scripts/models.py`, or `make models`.

    --check        train nothing; say which are stale and why, and exit with 1 if any is
    --record NAME  write the present hashes into the card of a model without training it: for
                   changes of code that are known not to change the model

Two are trained at a time, as one alone leaves much of two cores idle; what they print goes into
_build/models/NAME.txt. Where one fails, the other is finished first.

A model's card, neural_emojis/assets/NAME.json, keeps hashes of its inputs: data, code (see
code_hash.py) and the files of the models that it builds on. A model is stale where one of them is
another now. Without the data, `--check` compares the rest.
"""
import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from code_hash import code_hash
from neural_emojis.data import written_whole

SCRIPTS = Path(__file__).resolve().parent
ASSETS = SCRIPTS.parent / "neural_emojis/assets"


@dataclass(frozen=True)
class Step:
    "What makes one model."
    command: str  # a script of scripts/ and its arguments
    writes: tuple  # the files in assets/ that it makes, beside its card
    reads: tuple = ()  # the files in assets/ that it reads and no step makes
    data: tuple = ()  # the files of $NEURAL_EMOJIS_DATA that it reads, as patterns
    needs: tuple = ()  # the names of the models that it builds on


EMOJIS = ("emojis.png", "emojis.txt")
DESCRIBED = ("emojis.txt", "annotations.csv", "usages.csv")
AIRLINE, GLOVE, TWEETEVAL = "airline/*.csv", "glove/glove.6B.100d*.txt", "tweeteval_emoji/*.txt"
STEPS = {  # {name of the card: how it is made}
    "vae": Step("train_vae.py ours", ("vae.keras", "posteriors.npy"), EMOJIS),
    "post_vae": Step("train_vae.py post", ("post_vae.keras",), EMOJIS),
    "sqam": Step("train_sqam.py", ("sqam.keras",), EMOJIS, (AIRLINE, GLOVE), ("vae",)),
    "sentences": Step("train_sentences.py",
                      tuple(f"sentences/{file}" for file in (
                          "model.safetensors", "tokenizer.json", "config.json", "words.txt",
                          "phrases.csv", "phrases.npy")),
                      (*DESCRIBED, "everyday_texts.csv"),
                      (AIRLINE, TWEETEVAL, "tweets_unlabelled.txt")),
    "answers": Step("train_answers.py", ("sentiment.npz", "tweeteval.npz"), ("annotations.csv",),
                    (AIRLINE, TWEETEVAL), ("sentences",)),
}


def files_hash(paths):
    "Hash of the contents of files; of those that are missing, of nothing."
    contents = [path.read_bytes() if path.exists() else b"" for path in sorted(paths)]
    return hashlib.sha256(b"".join(hashlib.sha256(each).digest() for each in contents)).hexdigest()


def card_path(name):
    return ASSETS / f"{name}.json"


def outputs(name):
    return [ASSETS / file for file in STEPS[name].writes]


def input_hashes(name):
    "{part: hash} of what a model is made from. Ends the program where a data file is missing."
    step = STEPS[name]
    hashes = {"code": code_hash(step.command), "assets": files_hash(ASSETS / f for f in step.reads)}
    if step.data and (folder := os.environ.get("NEURAL_EMOJIS_DATA")):
        found = {pattern: list(Path(folder).glob(pattern)) for pattern in step.data}
        missing = [pattern for pattern in found if not found[pattern]]
        if missing: sys.exit(f"{name} needs {', '.join(missing)} in NEURAL_EMOJIS_DATA")
        hashes["data"] = files_hash(sum(found.values(), []))
    return hashes | {need: files_hash(outputs(need)) for need in step.needs}


def why_stale(name):
    "What is missing or has changed since a model was made; [] where it is up to date."
    missing = [path.name for path in [card_path(name), *outputs(name)] if not path.exists()]
    if missing: return [f"no {file}" for file in missing]
    known = json.loads(card_path(name).read_text(encoding="utf-8")).get("inputs", {})
    return [f"other {part}" for part, new in input_hashes(name).items() if known.get(part) != new]


def record(name, hashes):
    "Write the hashes of its inputs into a model's card."
    card = json.loads(card_path(name).read_text(encoding="utf-8")) | {"inputs": hashes}
    with written_whole(card_path(name)) as file:
        file.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def log_path(name):
    return SCRIPTS.parent / f"_build/models/{name}.txt"


def train(name):
    "Train a model; where that fails or is interrupted, its old files come back."
    hashes, files = input_hashes(name), [*outputs(name), card_path(name)]
    log_path(name).parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, log_path(name).open("w") as log:
        kept = {path: shutil.copy(path, f"{folder}/{n}") for n, path in enumerate(files)
                if path.exists()}
        try:
            script, *args = STEPS[name].command.split()
            card_path(name).unlink(missing_ok=True)
            subprocess.run([sys.executable, SCRIPTS / script, *args], check=True, stdout=log,
                           stderr=subprocess.STDOUT)
            if missing := [path.name for path in files if not path.exists()]:
                raise FileNotFoundError(f"{script} wrote no {', '.join(missing)}")
            record(name, hashes)
        except BaseException:
            for path in files: path.unlink(missing_ok=True)
            for path, copy in kept.items(): shutil.copy(copy, path)
            raise


def say(name, text):
    print(f"{name:12} {text}", flush=True)


def graph():
    return TopologicalSorter({name: step.needs for name, step in STEPS.items()})


def check():
    "Say which models are stale, and why; end the program where any is."
    stale = set()
    for name in graph().static_order():
        reasons = why_stale(name) + [f"{e} is stale" for e in STEPS[name].needs if e in stale]
        say(name, ", ".join(reasons) or "up to date")
        if reasons: stale.add(name)
    if stale: sys.exit(f"stale: {', '.join(sorted(stale))}. `make models` trains them.")


def update(name):
    "Train a model where it is stale."
    reasons, began = why_stale(name), time.time()
    say(name, ", ".join(reasons) or "up to date")
    if not reasons: return
    train(name)
    say(name, f"trained in {(time.time() - began) / 60:.1f} min")


def bring_up_to_date():
    "Train what is stale, two at a time, each after what it builds on."
    models, running = graph(), {}
    models.prepare()
    pool = ThreadPoolExecutor(2)
    try:
        while models.is_active():
            running |= {pool.submit(update, name): name for name in models.get_ready()}
            for each in wait(running, return_when=FIRST_COMPLETED).done:
                name = running.pop(each)
                each.result()
                models.done(name)
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{name} was not trained, its old files stay: {error}; see {log_path(name)}")
    finally: pool.shutdown(cancel_futures=True)


def main():
    parser = argparse.ArgumentParser(description="Train the models that are not up to date.")
    parser.add_argument("--check", action="store_true", help="say which are stale; train nothing")
    parser.add_argument("--record", choices=STEPS, help="note the hashes of a model as it is")
    args = parser.parse_args()
    if not (args.check or os.environ.get("NEURAL_EMOJIS_DATA")):
        sys.exit("Set NEURAL_EMOJIS_DATA first: what ships is trained on the real data.")
    if args.record: return record(args.record, input_hashes(args.record))
    check() if args.check else bring_up_to_date()


if __name__ == "__main__": main()
