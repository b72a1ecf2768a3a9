"""The program `neural-emojis`: help, bad input, interruptions, whole files, tables in and out.

Where it does not matter what is answered, a quick answerer stands in."""
import contextlib
import csv
import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neural_emojis import __version__, answers
from neural_emojis.command_line import main, program
from neural_emojis.data import load_emojis, train_valid_mask

executable = Path(sys.executable).parent/"neural-emojis"
emojis = load_emojis()


class Fake:
    "Answers like an `Answerer`; says how much it was asked, and stops where it is told to."
    most = asked = 0
    stop_after = 10**9
    emojis = annotations = None

    def load(self, candidates=None, annotations=None):
        self.emojis, self.annotations = candidates, annotations
        return self

    def answer(self, texts, top_k=5):
        n = len(texts) * top_k
        names = ["baggage claim"] * top_k if self.emojis is None else self.emojis.names[:top_k]
        return pd.DataFrame({"text": np.repeat(texts, top_k), "rank": 1, "emoji": "🛄",
                             "name": names * len(texts), "score": np.float32(.614),
                             "understood": ["asdf" not in text for text in texts
                                            for _ in range(top_k)]}, index=range(n))

    def sentiment(self, texts):
        return pd.DataFrame([[.1, .2, .7]] * len(texts), pd.Index(texts, name="text"),
                            ["positive", "neutral", "negative"], np.float32)

    def answer_table(self, table, column="text", top_k=5, sentiment=False):
        texts = table[column].to_pylist()
        self.most, self.asked = max(self.most, len(texts)), self.asked + len(texts)
        if self.asked > self.stop_after: raise KeyboardInterrupt
        known = [bool(text and text.strip()) for text in texts]
        if sentiment:
            values = pa.array([.5 if each else None for each in known], pa.float32())
            for name in ("positive", "neutral", "negative"):
                table = table.append_column(name, values)
            return table
        for rank in range(1, top_k + 1):
            values = pa.array(["🛄" if each else None for each in known], pa.string())
            table = table.append_column(f"emoji_{rank}", values)
        values = [each and "asdf" not in text if each else None
                  for each, text in zip(known, texts)]
        return table.append_column("understood", pa.array(values, pa.bool_()))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    "Each test works in an empty folder."
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def fake(monkeypatch):
    fake = Fake()
    monkeypatch.setattr(answers, "load_answerer", fake.load)
    return fake


def write_emojis(names, folder="few"):
    Path(folder).mkdir()
    for name in names: iio.imwrite(Path(folder)/f"{name}.png", emojis[name])


# --- help, start-up, errors

def test_help_says_what_where_and_how(capsys):
    for words in ([], *([name] for name in program.commands)):
        assert main([*words, "--help"]) == 0
        text = capsys.readouterr().out
        for name in words or program.commands: assert name in text
        assert not words or f"examples:\n    neural-emojis {words[0]} " in text


def test_version(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"neural-emojis {__version__}\n"


def test_every_example_in_the_help_is_understood():
    for file in ("tweets.csv", "tweets.txt", "mine.keras"): Path(file).write_text("text\nhi\n")
    Path("my-emojis").mkdir()
    for name, command in program.commands.items():
        for example in command.epilog.split("  neural-emojis ")[1:]:
            words = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', example)]
            assert words[0] == name and command.make_context(name, words[1:])


def test_nothing_is_waited_for_that_is_not_needed():
    code = """if True:
        import sys
        from neural_emojis.command_line import main
        heavy = {'tensorflow', 'keras', 'sklearn', 'scipy', 'matplotlib', 'imageio'}
        main(['answer', '--help'])
        assert main(['generate', '-n', 'many', '-o', 'x.png']) == 2
        print('loaded:', (heavy | {'pandas', 'numpy'}) & set(sys.modules))
        assert main(['answer', 'lost my bag']) == 0
        print('loaded:', heavy & set(sys.modules))"""
    done = subprocess.run([sys.executable, "-c", code],
                          capture_output=True, text=True, encoding="utf-8")
    assert done.stdout.count("loaded: set()\n") == 2, done


BAD = {  # words: what the line must say
    "": "Missing command",
    "dance": "No such command 'dance'",
    "generate": "Missing option '-o'",
    "generate -n 0 -o x.png": "0 is not in the range",
    "generate -n 2.5 -o x.png": "'2.5' is not a valid integer",
    "generate -n 100000 -o x.png": "more than 10,000: ask for fewer",
    "generate --seed -1 -o x.png": "-1 is not in the range",
    "generate -o x.jpg": "must end in .png",
    "generate -o nowhere/x.png": "cannot write x.png into the folder nowhere: No such file",
    "generate -o caf\udce9.png": "cannot write caf\\udce9.png into the folder .: 'utf-8' codec",
    f"generate -o {'x' * 300}.png": "File name too long",
    "generate -o EMPTY": "'' must end in .png",
    "answer --file t.csv -o EMPTY": "'' must end in .csv or .parquet",
    "answer --file t.csv -o caf\udce9.csv": "'utf-8' codec",
    "predict-emojis t.txt -o x.csv": "must end in .txt",
    "train vae -o EMPTY": "'' must end in .keras",
    "generate -o a.png": "'a.png' is a directory",
    "generate -o x.png more": "unexpected extra argument (more)",
    "generate --images nowhere -o x.png": "'nowhere' does not exist",
    "morph 😀 -o x.gif": "Missing argument 'TO'",
    "morph 😀 🦩 -o x.gif": "no emoji '🦩' among the 872",
    "morph 😀 😡 --frames 1 -o x.gif": "1 is not in the range",
    "morph 😀 😡 --size 4096 -o x.gif": "ask for fewer or smaller ones",
    "embed a.png -o x.csv": "no usable PNGs or SVGs in a.png",
    "embed broken -o x.csv": "cannot read bad.svg",
    "embed t.csv -o x.csv": "'t.csv' is a file",
    "embed few -o x.txt": "must end in .parquet or .csv",
    "embed few --model none.keras -o x.csv": "'none.keras' does not exist",
    "embed few --model t.csv -o x.csv": "must end in .keras",
    "train": "Missing argument",
    "train sqam": "'sqam' is not 'vae'",
    "train vae -o x.KERAS": "must end in .keras",
    "train vae --images few": "2 emojis are too few",
    "invent": "Missing argument 'TEXT...'",
    "invent BLANK -o x.png": "the text is blank",
    f"invent {'hi ' * 600}--size 1280 -o x.png": "ask for fewer or smaller ones",
    "answer": "either texts or --file",
    "answer hi --file t.csv": "either texts or --file",
    "answer --file t.csv": "--file and -o belong together",
    "answer hi -o x.csv": "--file and -o belong together",
    "answer --file t.csv -o x.csv --json": "--json is for texts",
    "answer hi --top-k 0": "0 is not in the range",
    "answer hi --top-k 873": "873 is not in the range",
    "answer hi --sentiment --top-k 3": "leave out --top-k and --candidates",
    "answer hi --candidates few --top-k 3": "from 1 to 2, the number of emojis; got 3",
    "answer hi --candidates few --sentiment": "leave out --top-k and --candidates",
    "answer hi --candidates nowhere": "'nowhere' does not exist",
    "answer BLANK": "the text is blank",
    "answer -hi": 'stands behind --: neural-emojis answer -- "-1"',
    "answer -ok": 'stands behind --: neural-emojis answer -- "-1"',
    "invent -1 -o x.png": 'stands behind --: neural-emojis invent -- "-1"',
    "invent -ok -o x.png": 'stands behind --: neural-emojis invent -- "-1"',
    "answer --file utf16.csv -o x.csv": "cannot read utf16.csv: 'utf-8' codec",
    "answer --file semicolons.csv -o x.csv --column said": "no column 'said', but id, text",
    "answer --file no-parts -o x.csv": "no-parts",
    "answer --file bytes.parquet -o x.csv": "column 'text', row 5,500: 'utf-8' codec can't decode",
    "answer --file number.parquet -o x.csv": "column 'text', row 2 holds 7, not text",
    "answer --file twice.parquet -o x.csv": "need one column 'text', not text, text",
    "answer --file lists.parquet -o x.csv": "no room for the lists in 'tags': write a",
    "answer --file none.csv -o x.csv": "'none.csv' does not exist",
    "answer --file t.txt -o x.csv": "must end in .csv or .parquet",
    "answer --file t.csv -o x.csv --column said": "no column 'said', but id, text",
    "answer --file empty.csv -o x.csv": "cannot read empty.csv",
    "answer --file header.csv -o x.csv": "header.csv has no rows",
    "answer --file long.csv -o x.csv": "Expected 2 fields in line 4, saw 3",
    "answer --file wide.csv -o x.csv": "Expected 2 fields in line 2, saw 3",
    "answer --file latin.csv -o x.csv": "cannot read latin.csv: 'utf-8' codec",
    "answer --file not.parquet -o x.csv": "cannot read not.parquet",
    "predict-emojis none.txt -o x.txt": "'none.txt' does not exist",
    "predict-emojis t.txt -o t.txt": "t.txt holds the tweets: name another file",
    "predict-emojis empty.txt -o x.txt": "empty.txt is empty",
    "predict-emojis latin.txt -o x.txt": "latin.txt: 'utf-8' codec"}


def test_bad_input_is_one_line_and_status_2_and_loads_no_model(here, capsys, monkeypatch):
    for folder in ("a.png", "broken", "no-parts"): Path(folder).mkdir()
    texts = [b"late"] * 5_499 + [b"caf\xe9"] + [b"late"] * 500
    pq.write_table(pa.table({"id": range(6_000), "text": pa.array(texts)}), "bytes.parquet")
    numbers = pa.array([None, 7])
    pq.write_table(pa.table({"text": numbers}), "number.parquet")
    pq.write_table(pa.table([numbers, numbers], ["text", "text"]), "twice.parquet")
    tags = pa.table({"text": ["hi", "bye"], "tags": [["a"], ["b", "c"]]})
    pq.write_table(tags, "lists.parquet")
    write_emojis(["1f600", "1f621"])
    Path("broken/bad.svg").write_text("<svg")
    files = {
        "t.csv": b"id,text\n1,hi\n", "empty.csv": b"", "header.csv": b"id,text\n",
        "long.csv": b"id,text\n1,a\n2,b\n3,c,d\n", "wide.csv": b"id,text\n1,a,b\n",
        "latin.csv": b"text\ncaf\xe9\n", "utf16.csv": "text\nhi\n".encode("utf-16"),
        "semicolons.csv": b"id;text\n1;a, b\n", "not.parquet": b"PAR1 and no more",
        "t.txt": b"hi", "empty.txt": b"", "latin.txt": b"caf\xe9\n"}
    for name, content in files.items(): Path(name).write_bytes(content)
    monkeypatch.setitem(sys.modules, "neural_emojis.vae", None)  # cannot be imported
    for name in ("load_answerer", "predict_emojis"): monkeypatch.delattr(answers, name)
    before = sorted(here.rglob("*"))
    for words, expected in BAD.items():
        assert main([{"BLANK": " ", "EMPTY": ""}.get(word, word) for word in words.split()]) == 2
        said = capsys.readouterr()
        assert (said.err.startswith("neural-emojis: ") and said.err.count("\n") == 1
                and expected in said.err and not said.out), (words, said)
    assert sorted(here.rglob("*")) == before


def test_files_that_are_kept_out_are_a_note_of_one_line(fake, capsys):
    write_emojis(["1f600"])
    iio.imwrite("few/grey.png", np.zeros((8, 8), np.uint8))
    assert main(["answer", "--candidates", "few", "hi"]) == 0
    assert re.fullmatch(r"neural-emojis: note: kept out 1 of 2 .*\n", capsys.readouterr().err)


def test_mistakes_of_ours_keep_their_traceback(fake, monkeypatch):
    monkeypatch.setattr(fake, "answer", lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError): main(["answer", "hi"])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_and_a_reader_that_leaves():
    with open("/dev/full", "w") as full:
        done = subprocess.run([executable, "--help"], stdout=full, stderr=subprocess.PIPE)
    assert done.returncode == 2 and done.stderr.count(b"\n") == 1 and b"No space" in done.stderr
    left, right = os.pipe()
    os.close(left)  # nobody reads
    done = subprocess.run([executable, "--help"], stdout=right, stderr=subprocess.PIPE)
    os.close(right)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name != "posix", reason="needs a shell that closes streams")
@pytest.mark.parametrize("words, status", [("--help", 0), ("answer hi --top-k 1", 0), ("dance", 2)])
def test_a_closed_output_is_silence(words, status):
    done = subprocess.run(f"{executable} {words} >&-", shell=True, stderr=subprocess.PIPE)
    assert done.returncode == status and done.stderr.count(b"\n") == (status == 2)
    done = subprocess.run(f"{executable} {words} >&- 2>&-", shell=True, stderr=subprocess.PIPE)
    assert (done.returncode, done.stderr) == (status, b"")


@pytest.mark.parametrize("words, keras_json", [
    ("generate -n 1 -o a.png", {"backend": "torch"}),
    # what builds layers feels these most
    ("train vae --images few --epochs 1 -o a.keras",
     {"floatx": "float16", "image_data_format": "channels_first"})])
def test_settings_for_other_programs_do_not_matter(here, words, keras_json):
    "... nor does a home that cannot be written to."
    write_emojis(emojis.names[:8])
    Path("file").touch()
    Path("keras.json").write_text(json.dumps(keras_json))
    env = {name: value for name, value in os.environ.items() if name[:4] not in ("MPLC", "XDG_")}
    env |= {"KERAS_HOME": str(here), "MPLBACKEND": "nonsense", "HOME": "file/in/the/way"}
    if words.startswith("generate"): env["KERAS_BACKEND"] = "torch"
    done = subprocess.run([executable, *words.split()], env=env, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "") and "wrote a." in done.stdout


def test_a_sign_with_a_text_selector_is_found():
    for name, char in {"a": "❤", "b": "❤\ufe0e", "c": "❤\ufe0f"}.items():
        words = ["--frames", "2", "--size", "36", "-o", f"{name}.gif"]
        assert main(["morph", char, "😡", *words]) == 0
    assert len({Path(f"{name}.gif").read_bytes() for name in "abc"}) == 1


# --- texts on the line

def test_answers_for_people(fake, capsys):
    assert main(["answer", "--top-k", "2", "lost\nmy bag", " ", "asdf qwer"]) == 0
    said = capsys.readouterr()
    assert said.out == "\n".join(["lost my bag", *2 * ["  🛄  0.61  baggage claim"],
                                  "asdf qwer", *2 * ["  🛄  0.61  baggage claim"], ""])
    assert said.err.splitlines() == [
        "neural-emojis: note: text 2 is blank and so without an answer",
        "neural-emojis: note: not understood, so its answers are noise: 'asdf qwer'"]


def test_answers_for_programs(fake, capsys):
    assert main(["answer", "--json", "--top-k", "2", "lost my bag", "asdf"]) == 0
    records = json.loads(capsys.readouterr().out)
    answer = {"rank": 1, "emoji": "🛄", "name": "baggage claim", "score": .614}
    assert records == [{"text": "lost my bag", "understood": True, "answers": [answer] * 2},
                       {"text": "asdf", "understood": False, "answers": [answer] * 2}]


def test_sentiments(fake, capsys):
    assert main(["answer", "--sentiment", "late again"]) == 0
    assert capsys.readouterr().out == (
        "late again\n  😡  0.70  negative\n  😈  0.20  neutral\n  🎉  0.10  positive\n")
    assert main(["answer", "--sentiment", "--json", "late again"]) == 0
    assert json.loads(capsys.readouterr().out) == [
        {"text": "late again", "understood": True, "positive": .1, "neutral": .2, "negative": .7}]
    assert main(["answer", "--sentiment", "asdf qwer zxcv"]) == 0
    assert "not understood, so its answers are noise: 'asdf" in capsys.readouterr().err


def test_a_text_may_begin_with_a_hyphen(fake, capsys):
    assert main(["answer", "--top-k", "1", "--", "-5 degrees", "--help"]) == 0
    assert capsys.readouterr().out.splitlines()[::2] == ["-5 degrees", "--help"]


def test_files_go_by_code_point_or_words(fake, capsys):
    Path("few").mkdir()
    names = ("1f9a9", "black-cat", "christmas_tree", "party_popper_3d", "my_kite_flat",
             "waving_hand_color_medium-light", "pin\u0303ata_flat", "IMG_0041", "___", "1234")
    for name in names: iio.imwrite(f"few/{name}.png", emojis["🍕"])
    assert main(["answer", "--candidates", "few", "hi"]) == 0
    own = {name: fake.annotations["name"].get(name) for name in names}
    assert own == {"1f9a9": "flamingo", "black-cat": "black cat", "party_popper_3d": "party popper",
                   "waving_hand_color_medium-light": "waving hand", "my_kite_flat": "my kite",
                   "pin\u0303ata_flat": "piñata",
                   "christmas_tree": "Christmas tree", "IMG_0041": None, "___": None, "1234": None}
    assert fake.annotations.loc["party_popper_3d", "keywords"]
    said = "neural-emojis: note: 3 of 10 candidates answer by their pictures alone, as their names"
    assert capsys.readouterr().err.startswith(said)


def test_candidates_may_all_be_without_words(fake, capsys):
    write_emojis(["1f600"])
    Path("few/1f600.png").rename("few/IMG_0041.png")
    assert main(["answer", "--candidates", "few", "hi"]) == 0 and fake.annotations is None
    assert "1 of 1 candidates" in capsys.readouterr().err


@given(st.text(st.characters(), max_size=40) | st.sampled_from(
    ["\ud83d", "\x1b[2J", "a\u2028b", "\u202e", "x" * 10_000, "{}%s\\n", "nan"]))
@settings(max_examples=60, deadline=None)
def test_any_text_is_answered_or_called_blank(text):
    out, err, fake = io.StringIO(), io.StringIO(), Fake()
    with (pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out),
          contextlib.redirect_stderr(err)):
        patch.setattr(answers, "load_answerer", fake.load)
        status = main(["answer", "--top-k", "1", "--", text])
    assert status == (0 if text.strip() else 2)
    shown = (out if text.strip() else err).getvalue()
    assert len(shown.split("\n")) == (3 if text.strip() else 2) and "\x1b" not in shown
    shown.encode()


def test_installed_program_answers_and_says_nothing_else():
    from neural_emojis.answers import load_answerer
    texts = ["thanks a lot", "my flight is late"]
    done = subprocess.run([executable, "answer", "--json", "--top-k", "2", *texts],
                          capture_output=True, text=True, encoding="utf-8", timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    ranked = load_answerer().answer(texts, 2)
    answers = [each for record in json.loads(done.stdout) for each in record["answers"]]
    assert [each["name"] for each in answers] == ranked["name"].tolist()
    assert np.allclose([each["score"] for each in answers], ranked["score"], atol=1e-3)


# --- tables

def write_table(table, name):
    if name.endswith(".csv"):
        table.to_csv(name, index=False, encoding="utf-8-sig" if "bom" in name else "utf-8")
    else: table.to_parquet(name, index=False)


def read_table(name): return pd.read_csv(name) if name.endswith(".csv") else pd.read_parquet(name)


@pytest.mark.parametrize("source, target", [
    ("in.csv", "out.csv"), ("bom.csv", "out.parquet"),
    ("in.parquet", "out.CSV"), ("in.parquet", "out.parquet")])
def test_tables_in_and_out(fake, capsys, monkeypatch, source, target):
    monkeypatch.setattr(answers, "ROWS", 3)
    # a whole chunk without a text among them
    said = ["late", "", "asdf", None, None, "  ", "NA", "bye"]
    write_table(pd.DataFrame({"said": said, "id": range(len(said))}), source)
    assert main(["answer", "--file", source, "--column", "said", "--top-k", "2", "-o", target]) == 0
    assert capsys.readouterr().out == (
        f"wrote {target}: 8 rows, 4 of them without a text, 1 of them not understood\n")
    table = read_table(target) if target.islower() else pd.read_csv(target)
    assert list(table.columns) == ["said", "id", "emoji_1", "emoji_2", "understood"]
    assert table["id"].astype(int).tolist() == list(range(8)) and fake.most == 3
    without = [not (text and text.strip()) for text in said]
    assert table["emoji_2"].isna().tolist() == table["understood"].isna().tolist() == without


@pytest.mark.parametrize("lead, delimiter", [
    ("", ","), ("\ufeff", ","), ("", ";"), ("\ufeff", ";"), ("", "\t"), ("sep=;\r\n", ";"),
    ("\ufeffsep=|\n", "|"), ("sep=,\n", ",")])
def test_csv_files_keep_their_dialect_and_their_headers(fake, lead, delimiter):
    rows = [["", "text", "tag", "tag", "a;b,c\td"], ["1", "late, late; again", "x", "", "é"],
            ["2", "thanks", "y", "z", "two\nlines"]]
    content = io.StringIO()
    csv.writer(content, delimiter=delimiter).writerows(rows)
    Path("in.csv").write_text(lead + content.getvalue(), encoding="utf-8", newline="")
    assert main(["answer", "--file", "in.csv", "--top-k", "1", "-o", "out.csv"]) == 0
    found = Path("out.csv").read_bytes().decode()
    assert found.startswith(lead + '""')
    read = list(csv.reader(io.StringIO(found[len(lead):], newline=""), delimiter=delimiter))
    answered = [["emoji_1", "understood"], ["🛄", "true"], ["🛄", "true"]]
    assert read == [row + more for row, more in zip(rows, answered)]


KINDS = {"string": pa.string(), "large_string": pa.large_string(), "binary": pa.binary(),
         "string_view": pa.string_view(), "binary_view": pa.binary_view(), "json": pa.json_(),
         "dictionary": pa.dictionary(pa.int32(), pa.string())}


@pytest.mark.parametrize("kind, target", [
    (kind, target) for kind in KINDS for target in ("out.csv", "out.parquet")
    if (kind, target) != ("binary_view", "out.csv")])  # Arrow writes none
def test_texts_of_parquet_files_are_stored_in_many_ways(kind, target):
    from neural_emojis.answers import load_answerer
    texts = ["thanks a lot", None, "my flight is late"]
    if kind == "json": texts = ['{"a": "thanks"}', None, '"late"']
    stored = [each and each.encode() for each in texts] if "binary" in kind else texts
    column = (pa.array(stored).dictionary_encode() if kind == "dictionary"
              else pa.array(stored, KINDS[kind]))
    pq.write_table(pa.table([column, column], ["text", "copy"]), "in.parquet")
    assert main(["answer", "--file", "in.parquet", "--top-k", "1", "-o", target]) == 0
    names = load_answerer().answer(texts[::2], 1)["name"].tolist()
    table = read_table(target)
    assert table["name_1"][[0, 2]].tolist() == names and table["name_1"].isna()[1]
    copies = [each.decode() if isinstance(each, bytes) else each for each in table["copy"][[0, 2]]]
    assert copies == texts[::2]


@pytest.mark.skipif(sys.platform != "linux", reason="needs names that are any bytes")
def test_a_file_to_read_may_have_any_name(fake):
    Path("caf\udce9.csv").write_text("text\nhi\n")
    assert main(["answer", "--file", "caf\udce9.csv", "--top-k", "1", "-o", "out.csv"]) == 0
    assert pd.read_csv("out.csv")["emoji_1"].tolist() == ["🛄"]


def test_doubled_columns_of_a_parquet_file_stay(fake):
    numbers = pa.array([1, 2])
    pq.write_table(pa.table([["late", "bye"], numbers, numbers], ["text", "a", "a"]), "in.parquet")
    for target in ("out.csv", "out.parquet"):
        assert main(["answer", "--file", "in.parquet", "--top-k", "1", "-o", target]) == 0
    assert pq.ParquetFile("out.parquet").schema_arrow.names[:3] == ["text", "a", "a"]
    assert Path("out.csv").read_text().startswith('"text","a","a","emoji_1"')


def test_a_folder_of_parts_is_one_table(fake, monkeypatch):
    monkeypatch.setattr(answers, "ROWS", 3)
    for i, day in enumerate(["2024-01-01", "2024-01-02"]):  # as Spark writes them
        part = Path(f"tweets/day={day}")
        part.mkdir(parents=True)
        texts = [f"text {i}{j}" for j in range(5)]
        pq.write_table(pa.table({"text": texts}), part/"part-00000.snappy.parquet")
        (part/".part-00000.snappy.parquet.crc").write_bytes(b"crc")
    Path("tweets/_SUCCESS").touch()
    assert main(["answer", "--file", "tweets", "--top-k", "1", "-o", "out.parquet"]) == 0
    table = pd.read_parquet("out.parquet")
    assert table["text"].tolist() == [f"text {i}{j}" for i in range(2) for j in range(5)]
    assert table["day"].astype(str).tolist() == ["2024-01-01"] * 5 + ["2024-01-02"] * 5


def test_parts_keep_the_order_of_their_numbers(fake):
    Path("tweets").mkdir()
    for i in range(12):  # as Dask writes them
        pq.write_table(pa.table({"text": [f"text {i}"]}), f"tweets/part.{i}.parquet")
    assert main(["answer", "--file", "tweets", "--top-k", "1", "-o", "out.parquet"]) == 0
    assert pd.read_parquet("out.parquet")["text"].tolist() == [f"text {i}" for i in range(12)]


def test_real_answers_of_a_table(capsys):
    from neural_emojis.answers import load_answerer
    texts = ["thanks a lot", None, "my flight is late"]
    write_table(pd.DataFrame({"text": [*texts, "asdf qwer"]}), "in.csv")
    assert main(["answer", "--file", "in.csv", "--sentiment", "-o", "out.parquet"]) == 0
    assert "1 of them without a text, 1 of them not understood" in capsys.readouterr().out
    table = pd.read_parquet("out.parquet").set_index("text")
    expected = load_answerer().sentiment(texts[::2])
    assert table.iloc[1].isna().all()
    assert table.pop("understood").tolist() == [True, None, True, False]
    np.testing.assert_allclose(table.iloc[[0, 2]], expected, atol=1e-5)
    assert main(["answer", "--file", "in.csv", "--top-k", "1", "-o", "out.csv"]) == 0
    names = load_answerer().answer(texts[::2], 1)["name"].tolist()
    assert pd.read_csv("out.csv")["name_1"][[0, 2]].tolist() == names


def test_texts_of_any_kind_come_through_a_csv_file(fake):
    texts = ["NA", "null", "two\nlines", 'a "quote", a comma', "=1+1", "您好 😡", "0012",
             " spaces ", "x" * 10_000, "\x07"]
    write_table(pd.DataFrame({"text": texts}), "in.csv")
    assert main(["answer", "--file", "in.csv", "--top-k", "1", "-o", "out.csv"]) == 0
    assert pd.read_csv("out.csv", dtype=str, keep_default_na=False)["text"].tolist() == texts


def test_blank_lines_stay_rows(fake, capsys):
    Path("in.csv").write_text("text,id\r\nhi,1\r\n\r\nho\r\n", newline="")
    assert main(["answer", "--file", "in.csv", "-o", "out.csv"]) == 0
    assert ("3 rows, 1 of them without a text" in capsys.readouterr().out
            and pd.read_csv("out.csv")["emoji_1"].isna().tolist() == [False, True, False])


@pytest.mark.parametrize("target", ["out.csv", "out.parquet"])
def test_interrupted_answers_leave_what_was_there(fake, here, capsys, monkeypatch, target):
    monkeypatch.setattr(answers, "ROWS", 100)
    fake.stop_after = 250
    write_table(pd.DataFrame({"text": ["late again"] * 900}), "in.csv")
    Path(target).write_text("what was there")
    assert main(["answer", "--file", "in.csv", "-o", target]) == 130
    assert (Path(target).read_text() == "what was there"
            and sorted(path.name for path in here.iterdir()) == sorted(["in.csv", target]))
    assert capsys.readouterr().err == ""


def test_a_table_can_be_answered_in_its_place(fake):
    write_table(pd.DataFrame({"text": ["late again"] * 3}), "in.csv")
    assert main(["answer", "--file", "in.csv", "--top-k", "1", "-o", "in.csv"]) == 0
    assert pd.read_csv("in.csv").shape == (3, 3)


def test_predictions_have_a_label_on_each_line(capsys, monkeypatch):
    monkeypatch.setattr(answers, "predict_emojis",
                        lambda texts: [17 if "merry" in text else 2 for text in texts])
    Path("tweets.txt").write_bytes("merry christmas\n\nlol 😂\rso\u2028funny\r\nlast".encode())
    assert main(["predict-emojis", "tweets.txt", "-o", "predictions.txt"]) == 0
    assert Path("predictions.txt").read_text().splitlines() == ["17", "0", "2", "2"]
    assert capsys.readouterr().out == "wrote predictions.txt: 4 labels\n"


# --- pictures

def test_sheet_holds_the_samples():
    from neural_emojis.generation import render, sample, to_svg
    assert main(["generate", "-n", "5", "--seed", "7", "--size", "72", "-o", "a.png"]) == 0
    sheet = iio.imread("a.png")
    # two rows of three with a gap of four around each, the last place empty
    assert sheet.shape == (160, 240, 4) and not sheet[80:, 160:].any()
    expected = (render(sample(5, seed=7), 72) * 255).round()
    assert np.abs(sheet[84:156, 4:76] - expected[3]).max() <= 1
    assert main(["generate", "-n", "5", "--seed", "7", "-o", "a.SVG"]) == 0
    assert Path("a.SVG").read_text() == to_svg(sample(5, seed=7), n_columns=3)


def test_a_vae_of_ones_own_trains_goes_on_embeds_morphs_and_draws(capsys, monkeypatch):
    from neural_emojis import generation, vae
    write_emojis(emojis.names[:20])
    words = ["train", "vae", "--images", "few", "--epochs", "2", "-o", "mine.keras"]
    with monkeypatch.context() as patch:
        # just before the model is written
        patch.setattr(vae, "save_model", lambda *args: (_ for _ in ()).throw(KeyboardInterrupt))
        assert main(words) == 130
    assert list(Path().glob("mine.*.training")) and not Path("mine.keras").exists()
    assert main(words) == 0 and not list(Path().glob("mine.*.training"))
    assert re.search(r"held out: objective [\d.]+ nats, PSNR [\d.]+ dB", capsys.readouterr().out)

    few, mine = emojis.images[:20], vae.load_vae("mine.keras")
    for name in ("codes.parquet", "codes.CSV"):
        assert main(["embed", "few", "--model", "mine.keras", "-o", name]) == 0
        table = (pd.read_parquet(name) if name.islower()
                 else pd.read_csv(name, dtype={"name": str}))
        assert list(table.columns) == ["name", "char", *(f"z{i}" for i in range(16))]
        assert table["name"].tolist() == emojis.names[:20]
        codes = table.iloc[:, 2:].to_numpy(np.float32)
        np.testing.assert_allclose(codes, mine.embed(few), atol=1e-4)

    for ends in (("😀", "❤️"), ("1f600", "2764")):
        assert main(["morph", *ends, "--frames", "3", "--size", "72",
                     "--model", "mine.keras", "-o", "a.gif"]) == 0
        codes = mine.embed(np.stack([emojis["😀"], emojis["❤"]]))
        generation.save_gif(generation.render(generation.morph(*codes, 3), 72, mine), "b.gif")
        # rounding may differ, and with it the palette of the GIF
        a, b = (iio.imread(name)[[0, -1]].astype(int) for name in ("a.gif", "b.gif"))
        assert np.abs(a - b).max() <= 4

    assert main(["generate", "-n", "4", "--seed", "5", "--size", "36", "--images", "few",
                 "--model", "mine.keras", "-o", "a.png"]) == 0
    draws = generation.aggregate_posterior(*mine.encode(few[train_valid_mask(20)]))
    density = generation.fit_density(draws, generation.N_COMPONENTS)
    expected = (generation.render(generation.sample(4, 5, density), 36, mine) * 255).round()
    assert np.abs(iio.imread("a.png")[2:38, 42:78].astype(int) - expected[1]).max() <= 2


def test_a_broken_model_is_one_line(capsys):
    Path("cut.keras").write_bytes(b"half")
    assert main(["morph", "😀", "😡", "--model", "cut.keras", "-o", "x.gif"]) == 2
    said = "neural-emojis: cut.keras is cut short or no .keras file\n"
    assert capsys.readouterr().err == said


def test_inventions_stand_in_the_order_of_the_texts():
    from neural_emojis.answers import load_answerer
    texts = ["thanks a lot", "my flight is late"]
    assert main(["invent", *texts, "--size", "72", "-o", "a.png"]) == 0
    sheet, expected = iio.imread("a.png"), (load_answerer().invent(texts, size=72) * 255).round()
    assert sheet.shape == (80, 160, 4)
    for i in range(2):
        assert np.abs(sheet[4:76, 80 * i + 4:80 * i + 76].astype(int) - expected[i]).max() <= 1


@pytest.mark.parametrize("words, offered", [
    ("", {"answer", "embed", "generate", "invent", "morph", "predict-emojis", "train"}),
    ("answer --se", {"--sentiment"}), ("train ", {"vae"})])
def test_the_shell_completes(words, offered):
    env = {**os.environ, "_NEURAL_EMOJIS_COMPLETE": "bash_complete",
           "COMP_WORDS": f"neural-emojis {words}", "COMP_CWORD": str(len(f"{words}|".split(" ")))}
    done = subprocess.run([executable], env=env, text=True, capture_output=True)
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == offered, done.stderr
    for shell in ("bash", "zsh", "fish"):
        script = subprocess.run([executable], text=True, capture_output=True,
                                env={**env, "_NEURAL_EMOJIS_COMPLETE": f"{shell}_source"}).stdout
        assert "_NEURAL_EMOJIS_COMPLETE" in script
