"""The program `neural-emojis` as it is installed.

Help, bad input, interruptions, whole files, tables in and out."""
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import imageio.v3 as iio
import keras
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from neural_emojis import __version__, answers, command_line
from neural_emojis.answers import load_answerer
from neural_emojis.command_line import COMMANDS, main, read_chunks
from neural_emojis.data import load_emojis, train_valid_mask, written_whole
from neural_emojis.generation import (
    N_COMPONENTS, aggregate_posterior, fit_density, morph, sample, save_gif)
from neural_emojis.vae import load_model, load_vae, save_model

program = Path(sys.executable).parent/"neural-emojis"
emojis = load_emojis()
TEXTS = ["thanks a lot", "my flight is late", "where is gate 4?", "lost my bag", "😡",
         "great crew", "NA"]


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    "Each test works in an empty folder."
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def answerer(): return load_answerer()


def start(*words, **settings):
    return subprocess.Popen([program, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True, encoding="utf-8", **settings)


def write_emojis(names, folder="few"):
    Path(folder).mkdir()
    for name in names: iio.imwrite(Path(folder)/f"{name}.png", emojis[name])


# --- help, start-up, errors

def test_help_says_what_where_and_how(capsys):
    for words in ([], *([name] for name in COMMANDS)):
        with pytest.raises(SystemExit) as left: main([*words, "--help"])
        assert left.value.code == 0
        text = capsys.readouterr().out
        for name in words or COMMANDS: assert name in text
        assert not words or f"example:\n  neural-emojis {words[0]} " in text


def test_version(capsys):
    with pytest.raises(SystemExit) as done: main(["--version"])
    assert done.value.code == 0 and capsys.readouterr().out == f"neural-emojis {__version__}\n"


def test_numbered_files_keep_their_names():
    write_emojis(["1f600"])
    for name in ("1", "041", "x-2", "2764-FE0F"): iio.imwrite(f"few/{name}.png", emojis["🎉"])
    Path("few/._1.png").write_bytes(b"not a picture")
    assert main(["embed", "few", "-o", "codes.csv"]) == 0
    table = pd.read_csv("codes.csv", dtype=str)
    assert (table["name"].tolist() == ["041", "1", "1f600", "2764", "x-2"]
            and table["char"].tolist() == ["041", "1", "😀", "❤", "x-2"])


def test_a_picture_with_a_palette_has_its_alpha():
    Path("few").mkdir()
    picture = Image.fromarray(emojis["🎉"]).quantize(64)
    picture.save("few/1f389.png")
    assert iio.immeta("few/1f389.png", plugin="pillow")["mode"] == "P"
    few = load_emojis("few")
    assert (few.images.shape == (1, 36, 36, 4) and few.images[0, 0, 0, 3] == 0
            and np.abs(few.images[0].astype(int) - emojis["🎉"]).mean() < 10)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_a_picture_may_name_a_transparent_colour(mode):
    Path("few").mkdir()
    grey = np.full((36, 36), 200, np.uint8)
    grey[10:20] = 7
    Image.fromarray(grey).convert(mode).save("few/1f389.png",
                                             transparency=7 if mode == "L" else (7, 7, 7))
    alpha = load_emojis("few").images[0, :, :, 3]
    assert not alpha[10:20].any() and (np.delete(alpha, range(10, 20), axis=0) == 255).all()


def test_every_example_in_the_help_is_understood():
    examples = [line.strip() for _, example, _ in COMMANDS.values()
                for line in example.splitlines()]
    for file in ("tweets.csv", "tweets.txt", "mine.keras"): Path(file).write_text("text\nhi\n")
    for example in examples:
        name, *words = re.findall(r'"[^"]*"|\S+', example)
        words = [word.strip('"') for word in words]
        assert name == "neural-emojis" and command_line.build_parser().parse_args(words).run


def test_help_and_mistyped_options_do_not_wait_for_tensorflow():
    code = """if True:
        import sys
        from neural_emojis.command_line import main
        try: main(['answer', '--help'])
        except SystemExit: pass
        assert main(['generate', '-n', 'many', '-o', 'x.png']) == 2
        assert main(['morph', 'a', 'b', '-o', 'x.png']) == 2
        print('loaded:',
              {'tensorflow', 'keras', 'pandas', 'numpy', 'sklearn'} & set(sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code],
                          capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.endswith("loaded: set()\n"), done


BAD = {  # words: what the line must say
    "": "required: COMMAND",
    "dance": "invalid choice: 'dance'",
    "generate": "required: -o",
    "generate -n 0 -o x.png": "0 is not a whole number from 1 on",
    "generate -n -5 -o x.png": "-5 is not",
    "generate -n 2.5 -o x.png": "2.5 is not",
    "generate -n 1e9 -o x.png": "1e9 is not",
    "generate -n 100000 -o x.png": "more than 10,000: ask for fewer",
    "generate --seed -1 -o x.png": "-1 is not",
    "generate --seed 4294967296 -o x.png": "from 0 to 4,294,967,295",
    "generate --scale 33 -o x.png": "from 1 to 32",
    "generate -n ² -o x.png": "² is not",
    "generate -o x.jpg": "must end in .png",
    "generate -o nowhere/x.png": "no folder nowhere: make it",
    "generate -o a.png": "a.png is a folder",
    "generate -o t.csv/x.png": "no folder t.csv",
    "generate -o x.png more": "unrecognized arguments: more",
    "morph 😀 -o x.gif": "required: TO",
    "morph 😀 🦩 -o x.gif": "no emoji '🦩' among the 872",
    "morph ha😀 😡 -o x.gif": "no emoji 'ha😀'",
    "morph 1F60 😡 -o x.gif": "code point '1f389'",
    "morph 😀 😡 -o x.png": "must end in .gif",
    "morph 😀 😡 --frames 1 -o x.gif": "from 2 to 100",
    "embed nowhere -o x.csv": "no such folder: nowhere",
    "embed a.png -o x.csv": "no PNG or SVG files in a.png",
    "embed broken -o x.csv": "cannot read bad.svg",
    "embed small -o x.parquet": "none of the 1 files",
    "embed few -o x.txt": "must end in .parquet or .csv",
    "embed t.csv -o x.csv": "no such folder: t.csv",
    "train": "required: network",
    "train sqam": "invalid choice: 'sqam'",
    "train vae --epochs 0": "0 is not",
    "train vae -o x.h5": "must end in .keras",
    "train vae -o x.KERAS": "must end in .keras",
    "train vae --images nowhere": "no such folder",
    "train vae --images few": "2 emojis are too few",
    "train vae --checkpoint x.h5": "must end in .weights.h5",
    "train vae --epochs 2 -o cut.keras":
        "cut.weights.h5 is not a checkpoint or is broken: remove it",
    "invent": "required: TEXT",
    "invent hi": "required: -o",
    "invent hi -o x.gif": "must end in .png",
    "invent hi BLANK -o x.png": "text 1 is blank",
    "invent hi --seed x -o x.png": "x is not a whole number",
    "invent hi --scale 17 -o x.png": "from 1 to 16",
    f"invent {'hi ' * 600}-o x.png": "ask for fewer or smaller ones",
    "answer": "either texts or --file",
    "answer hi --file t.csv": "either texts or --file",
    "answer --file t.csv": "--file and -o belong together",
    "answer hi -o x.csv": "--file and -o belong together",
    "answer --file t.csv -o x.csv --json": "--json is for texts",
    "answer hi --top-k 0": "from 1 on",
    "answer hi --top-k 873": "--top-k 873 is more than the 872 emojis there are",
    "answer hi --sentiment --top-k 3": "one of --top-k, --sentiment and",
    "answer hi --confidence --top-k 3": "one of --top-k, --sentiment and",
    "answer hi --sentiment --confidence": "one of --top-k, --sentiment and",
    "answer hi --candidates few --confidence": "leave out --sentiment",
    "answer hi --candidates nowhere": "no such folder: nowhere",
    "answer hi BLANK": "text 1 is blank",
    "embed few --model none.keras -o x.csv": "no such file: none.keras",
    "embed few --model t.csv -o x.csv": "must end in .keras",
    "embed few --model cut.keras -o x.csv": "cut.keras is not a .keras file or is cut short",
    "morph 😀 😡 --model other.keras -o x.gif": "other.keras holds a Sequential, not a VAE",
    "generate --model other.keras -o x.png": "other.keras holds a Sequential, not a VAE",
    "generate --images nowhere -o x.png": "no such folder: nowhere",
    "answer --file none.csv -o x.csv": "no such file: none.csv",
    "answer --file t.txt -o x.csv": "must end in .csv or .parquet",
    "answer --file t.csv -o x.csv --column said": "no column 'said', but id, text",
    "answer --file t.csv -o x.xlsx": "must end in .csv or .parquet",
    "answer --file t.csv -o nowhere/x.csv": "no folder nowhere",
    "answer --file empty.csv -o x.csv": "cannot read empty.csv",
    "answer --file header.csv -o x.csv": "header.csv has no rows",
    "answer --file long.csv -o x.csv":
        "cannot read long.csv: Error tokenizing data. C error: Expected 2 fields in line 4, saw 3",
    "answer --file wide.csv -o x.csv": "more fields than its header",
    "answer --file latin.csv -o x.csv": "save it as UTF-8, with commas",
    "answer --file open.csv -o x.csv": "EOF inside string",
    "answer --file not.parquet -o x.csv": "cannot read not.parquet",
    "answer --file n.parquet -o x.csv --column id": "holds int64, not text",
    "answer --file again.csv -o x.csv": "already a column 'emoji_1'",
    "answer --file lists.parquet -o x.csv": "column 'tags' holds lists",
    "predict-emojis": "required: TWEETS.txt, -o",
    "predict-emojis none.txt -o x.txt": "no such file: none.txt",
    "predict-emojis t.csv -o x.txt": "must end in .txt",
    "predict-emojis t.txt -o t.txt": "t.txt holds the tweets: name another file",
    "predict-emojis empty.txt -o x.txt": "empty.txt is empty",
    "predict-emojis latin.txt -o x.txt": "latin.txt is not a text file in UTF-8",
    "predict-emojis t.txt -o x.csv": "must end in .txt"}


@pytest.fixture
def strange_files(here):
    for folder in ("a.png", "small", "broken"): Path(folder).mkdir()
    write_emojis(["1f600", "1f621"])
    iio.imwrite("small/x.png", np.zeros((8, 8, 4), np.uint8))
    Path("broken/bad.svg").write_text("<svg")
    files = {
        "t.csv": b"id,text\n1,hi\n", "empty.csv": b"", "header.csv": b"id,text\n",
        "long.csv": b"id,text\n1,a\n2,b\n3,c,d\n", "wide.csv": b"id,text\n1,a,b\n",
        "latin.csv": b"text\ncaf\xe9\n", "open.csv": b'text,id\n"hi,1\nho,2\n',
        "again.csv": b"text,emoji_1\nhi,x\n", "not.parquet": b"PAR1 and no more",
        "t.txt": b"hi", "empty.txt": b"", "latin.txt": b"caf\xe9\n",
        "cut.weights.h5": b"half", "cut.keras": b"half"}
    for name, content in files.items(): Path(name).write_bytes(content)
    pq.write_table(pa.table({"id": [1], "text": ["hi"]}), "n.parquet")
    pq.write_table(pa.table({"text": ["hi"], "tags": [["a"]]}), "lists.parquet")
    save_model(keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)]), "other.keras")


def test_bad_input_is_one_line_and_status_2(strange_files, here, capsys, monkeypatch):
    monkeypatch.setattr(answers, "load_answerer", lambda: Fake())
    before = sorted(here.rglob("*"))
    for words, expected in BAD.items():
        assert main([" " if word == "BLANK" else word for word in words.split()]) == 2, words
        said = capsys.readouterr()
        assert (said.err.startswith("neural-emojis: ") and said.err.count("\n") == 1
                and expected in said.err), (words, said.err)
        most = 1 if words.startswith("train vae --epochs") else 0
        assert len(said.out.splitlines()) <= most, (words, said.out)
    assert sorted(here.rglob("*")) == before


@pytest.mark.skipif(not Path("/proc/self").exists(),
                    reason="a folder where nobody can write is needed, root included")
def test_folder_that_cannot_be_written(capsys):
    assert main(["generate", "-o", "/proc/x.png"]) == 2
    assert "cannot write into /proc: " in capsys.readouterr().err


def test_files_that_are_kept_out_are_a_note_of_one_line(strange_files, capsys):
    iio.imwrite("few/small.png", np.zeros((8, 8, 4), np.uint8))
    assert main(["embed", "few", "-o", "x.csv"]) == 0
    assert re.fullmatch(r"neural-emojis: note: kept out 1 of 3 files .*\n", capsys.readouterr().err)


def test_mistakes_of_ours_keep_their_traceback(monkeypatch):
    monkeypatch.setattr(command_line, "answer_file", lambda *args: 1 / 0)
    Path("t.csv").write_text("text\nhi\n")
    with pytest.raises(ZeroDivisionError): main(["answer", "--file", "t.csv", "-o", "x.csv"])


# --- the program as installed

def test_installed_program_answers_and_says_nothing_else(answerer):
    process = start("answer", "--json", "--top-k", "2", *TEXTS[:2])
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (0, "")
    ranked = answerer.answer(TEXTS[:2], 2)
    for i, record in enumerate(json.loads(out)):
        given, part = record["answers"], slice(2 * i, 2 * i + 2)
        assert record["text"] == TEXTS[i] and [answer["rank"] for answer in given] == [1, 2]
        assert [answer["name"] for answer in given] == ranked["name"][part].tolist()
        assert np.allclose([answer["score"] for answer in given], ranked["score"][part], atol=1e-3)
    process = start("morph", "😀", "🦩", "-o", "x.gif")
    out, err = process.communicate(timeout=300)
    assert ((process.returncode, out) == (2, "")
            and re.fullmatch("neural-emojis: no emoji '🦩' .*\n", err))


def test_training_survives_kill_and_interrupt():
    "Killed, interrupted and taken up twice, it ends as one that nobody disturbed."
    write_emojis(emojis.names[:12])
    words = ["train", "vae", "--images", "few", "--epochs", "60", "--seed", "3", "-o"]
    unbuffered = {"env": {**os.environ, "PYTHONUNBUFFERED": "1"}}

    killed, deadline = start(*words, "a.keras", **unbuffered), time.time() + 300
    while not Path("a.weights.h5").exists() and killed.poll() is None and time.time() < deadline:
        time.sleep(.01)
    killed.kill()
    killed.communicate(timeout=60)
    assert (killed.returncode == -signal.SIGKILL
            and Path("a.weights.h5").exists() and not Path("a.keras").exists())

    interrupted = start(*words, "a.keras", **unbuffered)
    assert "going on from a.weights.h5" in interrupted.stdout.readline()
    before = Path("a.weights.h5").stat().st_mtime_ns
    while Path("a.weights.h5").stat().st_mtime_ns == before and interrupted.poll() is None:
        time.sleep(.01)  # in the midst of its epochs
    interrupted.send_signal(signal.SIGINT)
    _, err = interrupted.communicate(timeout=60)
    assert ((interrupted.returncode, err) == (130, "")
            and Path("a.weights.h5").exists() and not Path("a.keras").exists())

    assert main([*words, "a.keras"]) == 0 and main([*words, "b.keras"]) == 0
    assert not list(Path().glob("*.weights.h5"))
    for a, b in zip(load_model("a.keras").get_weights(),
                    load_model("b.keras").get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_loss_that_is_not_finite_ends_the_training_in_one_line(capsys, monkeypatch):
    write_emojis(emojis.names[:6])
    monkeypatch.setattr("neural_emojis.vae.LEARNING_RATE", np.nan)
    assert main(["train", "vae", "--images", "few", "--epochs", "5", "-o", "a.keras"]) == 2
    assert capsys.readouterr().err == (
        "neural-emojis: the loss is nan in epoch 2: train with another seed and checkpoint; "
        "a.weights.h5 holds the epoch before\n")
    assert Path("a.weights.h5").exists() and not Path("a.keras").exists()


def test_checkpoint_of_another_training_is_refused(capsys):
    write_emojis(emojis.names[:6])
    Path("a.keras").write_text("what was there")
    words = ["train", "vae", "--images", "few", "--checkpoint", "state.weights.h5", "-o", "a.keras"]
    module = sys.modules["neural_emojis.vae"]
    with pytest.MonkeyPatch.context() as patch:
        # just before the model is written
        patch.setattr(module, "save_model", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        assert main([*words, "--epochs", "1"]) == 130
    assert Path("state.weights.h5").exists() and Path("a.keras").read_text() == "what was there"
    capsys.readouterr()
    assert (main([*words, "--epochs", "2"]) == 2
            and "remove it or name another" in capsys.readouterr().err)
    assert main([*words, "--epochs", "1"]) == 0 and not Path("state.weights.h5").exists()
    figures = re.search(r"held out: objective ([\d.]+) nats .*PSNR ([\d.]+) dB",
                        capsys.readouterr().out)
    assert figures and len(load_model("a.keras").embed(emojis.images[:2])) == 2


# --- pictures

def test_sheet_holds_the_samples():
    assert main(["generate", "-n", "5", "--seed", "7", "--scale", "2", "-o", "a.png"]) == 0
    sheet = iio.imread("a.png")
    # two rows of three, the last place empty
    assert sheet.shape == (160, 240, 4) and not sheet[80:, 160:].any()
    expected = (load_vae().decode(sample(5, seed=7)) * 255).round()
    fourth = sheet[84:156:2, 4:76:2]
    assert np.abs(fourth - expected[3]).max() <= 1 and (sheet[85:156:2, 5:76:2] == fourth).all()
    assert main(["generate", "-n", "5", "--seed", "7", "--scale", "2", "-o", "b.png"]) == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()


def test_many_emojis_are_drawn_in_batches(monkeypatch):
    assert main(["generate", "-n", "7", "--scale", "1", "-o", "a.png"]) == 0
    monkeypatch.setattr(command_line, "BATCH", 3)
    assert main(["generate", "-n", "7", "--scale", "1", "-o", "b.png"]) == 0
    assert np.abs(iio.imread("a.png").astype(int) - iio.imread("b.png")).max() <= 1


def test_inventions_stand_in_the_order_of_the_texts(answerer):
    assert main(["invent", *TEXTS[:3], "--scale", "2", "-o", "a.png"]) == 0
    sheet, expected = iio.imread("a.png"), (answerer.invent(TEXTS[:3]) * 255).round()
    assert sheet.shape == (80, 240, 4)
    for i in range(3):
        assert np.abs(sheet[4:76:2, 80 * i + 4:80 * i + 76:2].astype(int) - expected[i]).max() <= 1
    assert main(["invent", TEXTS[0], "--scale", "2", "-o", "b.png"]) == 0
    # alone or first of several
    assert np.abs(iio.imread("b.png")[4:76:2, 4:76:2] - expected[0]).max() <= 1
    assert main(["invent", *TEXTS[:3], "--scale", "2", "--seed", "1", "-o", "c.png"]) == 0
    assert not np.array_equal(iio.imread("c.png"), sheet)


def test_a_vae_of_ones_own_embeds_morphs_and_draws():
    write_emojis(emojis.names[:20])
    assert main(["train", "vae", "--images", "few", "--epochs", "2", "-o", "mine.keras"]) == 0
    vae, few = load_vae("mine.keras"), emojis.images[:20]
    assert main(["embed", "few", "--model", "mine.keras", "-o", "codes.parquet"]) == 0
    np.testing.assert_allclose(pd.read_parquet("codes.parquet").iloc[:, 2:].to_numpy(np.float32),
                               vae.embed(few), atol=1e-5)

    assert main(["morph", "😀", "😡", "--frames", "3", "--scale", "1",
                 "--model", "mine.keras", "-o", "a.gif"]) == 0
    save_gif(vae.decode(morph(*vae.embed(np.stack([emojis["😀"], emojis["😡"]])), 3)), "b.gif", 1)
    assert Path("a.gif").read_bytes() == Path("b.gif").read_bytes()

    for model in (["--model", "mine.keras"], []):
        assert main(["generate", "-n", "4", "--seed", "5", "--scale", "1", "--images", "few",
                     *model, "-o", "a.png"]) == 0
        vae = load_vae(*model[1:])
        draws = aggregate_posterior(*vae.clouds(few[train_valid_mask(20)]))
        density = fit_density(draws, N_COMPONENTS)
        expected = (vae.decode(sample(4, 5, density)) * 255).round()
        assert np.abs(iio.imread("a.png")[2:38, 42:78].astype(int) - expected[1]).max() <= 2


def test_morph_by_character_or_name():
    assert main(["morph", "😀", "❤️", "--frames", "4", "--scale", "2", "-o", "a.gif"]) == 0
    assert main(["morph", "1f600", "2764", "--frames", "4", "--scale", "2", "-o", "b.gif"]) == 0
    assert (Path("a.gif").read_bytes() == Path("b.gif").read_bytes()
            and iio.imread("a.gif").shape == (6, 72, 72, 3))


# --- tables

@pytest.mark.parametrize("name", ["codes.parquet", "codes.csv", "codes.CSV"])
def test_codes_come_back_from_the_table(name):
    write_emojis(["2764", "1f600", "1f1eb-1f1f7"])
    assert main(["embed", "few", "-o", name]) == 0
    table = (pd.read_parquet(name) if name.endswith("parquet")
             else pd.read_csv(name, dtype={"name": str}))
    assert list(table.columns) == ["name", "char", *(f"z{i}" for i in range(16))]
    assert (table["name"].tolist() == ["1f1eb-1f1f7", "1f600", "2764"]
            and table["char"].tolist() == ["🇫🇷", "😀", "❤"])
    expected = load_vae().embed(np.stack([emojis[name] for name in table["name"]]))
    np.testing.assert_allclose(table.iloc[:, 2:].to_numpy(np.float32), expected, atol=1e-5)
    if name.endswith("parquet"): assert set(table.dtypes.iloc[2:]) == {np.dtype("float32")}


class Fake:
    "An answerer that is quick, says how much it was asked, and stops where it is told to."
    emojis = range(872)

    def __init__(self, stop_after=10**9): self.most, self.asked, self.stop_after = 0, 0, stop_after

    def answer(self, texts, top_k=5):
        self.most, self.asked = max(self.most, len(texts)), self.asked + len(texts)
        if self.asked > self.stop_after: raise KeyboardInterrupt
        n = len(texts) * top_k
        return pd.DataFrame({"text": np.repeat(texts, top_k), "rank": 1, "emoji": "🎉",
                             "name": "1f389", "score": np.float32(.5)}, index=range(n))


def write_table(table, name):
    if name.endswith(".csv"):
        table.to_csv(name, index=False, encoding="utf-8-sig" if "bom" in name else "utf-8")
    else: table.to_parquet(name, index=False)


def read_table(name): return pd.read_csv(name) if name.endswith(".csv") else pd.read_parquet(name)


@pytest.mark.parametrize("source, target", [
    ("in.csv", "out.csv"), ("bom.csv", "out.parquet"),
    ("in.parquet", "out.csv"), ("in.parquet", "out.parquet")])
def test_tables_in_and_out(answerer, capsys, monkeypatch, source, target):
    monkeypatch.setattr(command_line, "CHUNK", 3)
    # a whole chunk without a text among them
    said = [TEXTS[0], "", TEXTS[1], None, None, "  ", *TEXTS[2:]]
    write_table(pd.DataFrame({"said": said, "id": range(len(said))}), source)
    assert main(["answer", "--file", source, "--column", "said", "--top-k", "2", "-o", target]) == 0
    assert "11 rows, 4 of them without a text" in capsys.readouterr().out
    table, ranked = read_table(target), answerer.answer(TEXTS, 2)
    assert list(table.columns) == [
        "said", "id", *(f"{name}_{rank}" for rank in (1, 2) for name in ("emoji", "name", "score"))]
    assert table["id"].astype(int).tolist() == list(range(11))
    without = [not (text and text.strip()) for text in said]
    assert table["score_1"].isna().tolist() == without == table["emoji_2"].isna().tolist()
    answered = table[table["score_1"].notna()]
    for rank in (1, 2):
        assert answered[f"name_{rank}"].tolist() == ranked["name"][rank - 1::2].tolist()
        np.testing.assert_allclose(answered[f"score_{rank}"],
                                   ranked["score"][rank - 1::2], atol=1e-5)


def test_sentiments_of_a_table(answerer):
    write_table(pd.DataFrame({"text": [TEXTS[0], None, TEXTS[3]]}), "in.parquet")
    assert main(["answer", "--file", "in.parquet", "--sentiment", "-o", "out.parquet"]) == 0
    table = pd.read_parquet("out.parquet").set_index("text")
    assert table.iloc[1].isna().all()
    np.testing.assert_allclose(table.iloc[[0, 2]],
                               answerer.sentiment([TEXTS[0], TEXTS[3]]), atol=1e-5)


def test_emojis_of_a_folder_answer(answerer, capsys, monkeypatch):
    write_emojis(["1f355", "1f431", "1f680"])
    Path("few/1f680.png").rename("few/qqq 7.png")
    few, texts = load_emojis("few"), ["a slice of pizza", "my cat sleeps"]
    expected = answerer.answer(texts, top_k=3, candidates=few)
    assert main(["answer", "--candidates", "few", *texts]) == 0  # fewer than five
    lines = [line.split(maxsplit=2)
             for line in capsys.readouterr().out.splitlines() if line.startswith("  ")]
    shown = [line[-1].strip().split()[-1] for line in lines]
    assert (shown == [name.split()[-1] for name in expected["name"]]
            and expected["name"].tolist()[::3] == ["1f355", "1f431"])
    assert (main(["answer", "--candidates", "few", "--top-k", "4", *texts]) == 2
            and "--top-k 4 is more than the 3 emojis" in capsys.readouterr().err)
    monkeypatch.setattr(command_line, "CHUNK", 2)
    write_table(pd.DataFrame({"text": texts * 3}), "in.csv")
    embedded, embed = [], type(answerer.vae).embed
    def counted(self, images, *args):
        embedded.append(len(images))
        return embed(self, images, *args)
    monkeypatch.setattr(type(answerer.vae), "embed", counted)
    assert main(["answer", "--file", "in.csv", "--candidates", "few", "-o", "out.csv"]) == 0
    assert embedded == [1]  # read once, not for each chunk
    table = pd.read_csv("out.csv")
    assert table["name_3"].tolist() == expected["name"].tolist()[2::3] * 3 and "name_4" not in table


def test_files_named_in_words_answer_by_these(answerer, capsys):
    Path("few").mkdir()
    for name in ("black-cat", "christmas_tree", "pic-1", "pic-2", "qqq"):
        iio.imwrite(f"few/{name}.png", emojis["🍕"])
    assert main(["answer", "--json", "--candidates", "few",
                 "a christmas tree", "my lovely cat"]) == 0
    answers = [record["answers"] for record in json.loads(capsys.readouterr().out)]
    assert [each[0]["name"] for each in answers] == ["christmas_tree", "black-cat"]
    by_picture = {a["score"] for a in answers[0] if a["name"] in ("pic-1", "pic-2", "qqq")}
    # the same picture, as the words of these names are shared or unknown
    assert len(by_picture) == 1


def test_confidence_adds_up_to_one(answerer, capsys):
    moods = ["positive", "neutral", "negative"]
    expected = answerer.confidence(TEXTS[:2]).to_numpy()
    assert main(["answer", "--confidence", "--json", *TEXTS[:2]]) == 0
    records = json.loads(capsys.readouterr().out)
    np.testing.assert_allclose([[record[name] for name in moods] for record in records],
                               expected, atol=1e-3)
    write_table(pd.DataFrame({"text": TEXTS[:2]}), "in.csv")
    assert main(["answer", "--file", "in.csv", "--confidence", "-o", "out.csv"]) == 0
    np.testing.assert_allclose(pd.read_csv("out.csv")[moods], expected, atol=1e-3)
    capsys.readouterr()
    assert main(["answer", "--confidence", TEXTS[0]]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == TEXTS[0] and [line.split()[2] for line in lines[1:]] == moods
    assert sum(float(line.split()[1]) for line in lines[1:]) == pytest.approx(1, abs=.01)


def test_texts_of_any_kind_come_through_a_csv_file(monkeypatch):
    monkeypatch.setattr(answers, "load_answerer", lambda: Fake())
    texts = ["NA", "null", "two\nlines", 'a "quote", a comma', "=1+1", "您好 😡", "0012",
             " spaces ", "x" * 10_000, "\x07"]
    write_table(pd.DataFrame({"text": texts}), "in.csv")
    assert main(["answer", "--file", "in.csv", "--top-k", "1", "-o", "out.csv"]) == 0
    assert pd.read_csv("out.csv", dtype=str, keep_default_na=False)["text"].tolist() == texts


def test_blank_lines_stay_rows(capsys, monkeypatch):
    monkeypatch.setattr(answers, "load_answerer", lambda: Fake())
    Path("in.csv").write_text("text,id\r\nhi,1\r\n\r\nho\r\n", newline="")
    assert main(["answer", "--file", "in.csv", "-o", "out.csv"]) == 0
    assert ("3 rows, 1 of them" in capsys.readouterr().out
            and pd.read_csv("out.csv")["emoji_1"].isna().tolist() == [False, True, False])


def test_large_tables_pass_in_chunks(monkeypatch):
    fake = Fake()
    monkeypatch.setattr(answers, "load_answerer", lambda: fake)
    write_table(pd.DataFrame({"text": ["late again"] * 10_001}), "in.csv")
    assert max(map(len, read_chunks(Path("in.csv")))) == command_line.CHUNK
    assert main(["answer", "--file", "in.csv", "-o", "out.parquet"]) == 0
    assert (fake.most == command_line.CHUNK and fake.asked == 10_001
            and pq.read_metadata("out.parquet").num_rows == 10_001)


@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
def test_interrupted_answers_leave_what_was_there(here, capsys, monkeypatch, target):
    monkeypatch.setattr(answers, "load_answerer", lambda: Fake(stop_after=5_000))
    write_table(pd.DataFrame({"text": ["late again"] * 9_000}), "in.csv")
    Path(target).write_text("what was there")
    assert main(["answer", "--file", "in.csv", "-o", target]) == 130
    assert (Path(target).read_text() == "what was there"
            and sorted(path.name for path in here.iterdir()) == sorted(["in.csv", target]))
    assert capsys.readouterr().err == ""


def test_a_table_can_be_answered_in_its_place(monkeypatch):
    monkeypatch.setattr(answers, "load_answerer", lambda: Fake())
    write_table(pd.DataFrame({"text": ["late again"] * 3}), "in.csv")
    assert main(["answer", "--file", "in.csv", "--top-k", "1", "-o", "in.csv"]) == 0
    assert pd.read_csv("in.csv").shape == (3, 4)


# --- files written whole

@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_file_that_fails_is_not_there(here, error):
    with pytest.raises(error), written_whole("a.txt") as new:
        new.write_text("half")
        raise error
    assert list(here.iterdir()) == []


def test_a_whole_file_replaces_the_old_one_with_common_rights(here):
    Path("a.txt").write_text("old")
    Path("plain.txt").write_text("for comparison")
    with written_whole("a.txt") as new:
        assert new.name == "a.txt" and new.parent.parent.resolve() == here.resolve()
        new.write_text("new")
        assert Path("a.txt").read_text() == "old"
    assert (Path("a.txt").read_text() == "new"
            and Path("a.txt").stat().st_mode == Path("plain.txt").stat().st_mode)


def test_nowhere_to_write():
    with pytest.raises(FileNotFoundError), written_whole("nowhere/a.txt"): pass
    with pytest.raises(OSError), written_whole(".") as new: new.write_text("")
    with pytest.raises(FileNotFoundError), written_whole("a.txt"): pass  # nothing was written


# --- predictions in TweetEval's format

def test_predictions_have_a_label_on_each_line(capsys):
    Path("tweets.txt").write_bytes("merry christmas\n\nlol 😂\rso\u2028funny\r\nlast".encode())
    assert main(["predict-emojis", "tweets.txt", "-o", "predictions.txt"]) == 0
    labels = Path("predictions.txt").read_text().splitlines()
    assert (len(labels) == 4 and all(0 <= int(label) < 20 for label in labels)
            and labels[:2] == ["17", "0"])
    assert capsys.readouterr().out == "wrote predictions.txt: 4 labels\n"
