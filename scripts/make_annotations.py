"""Make the names, keywords and tags that ship:
`npm pack cldr-annotations-full@48.2.0 cldr-annotations-derived-full@48.2.0
emojibase-data@17.0.0 emojilib@4.0.3`, then
`python scripts/make_annotations.py cldr-annotations-full-48.2.0.tgz
cldr-annotations-derived-full-48.2.0.tgz emojibase-data-17.0.0.tgz emojilib-4.0.3.tgz`.

Takes the English names and keywords of the 872 emojis and of some later ones out of the first two
archives, their groups in Unicode's list out of the third and volunteers' tags out of the fourth.
Writes neural_emojis/assets/annotations.csv, with the columns emoji, name, keywords, tags (both
joined by '|') and group, and UNICODE-LICENSE.txt, the notice under which names, keywords and groups
are passed on, see ATTRIBUTION.md.
"""
import json
import re
import sys
import tarfile
from pathlib import Path

import pandas as pd

from neural_emojis.data import ASSETS, emoji_char, emoji_name, load_emojis

CAMERA_WITH_FLASH = "1f4f8"  # one of TweetEval's 20 emojis, younger than the 872
# a code point for private use that Twemoji draws as Tokyo's shopping tower;
# Unicode has no name for it
SHIBUYA = "e50a"


def read_member(archive, member):
    "The text of one file of an npm package."
    with tarfile.open(archive) as package:
        return package.extractfile(f"package/{member}").read().decode()


def read_annotations(archive, key):
    """{code point name: (name, keywords)} of an npm package of CLDR,
    whose folder and table are called `key`."""
    table = json.loads(read_member(archive, f"{key}/en/annotations.json"))[key]["annotations"]
    return {emoji_name(char): (entry["tts"][0], entry.get("default", []))
            for char, entry in table.items()}


def read_groups(archive):
    "{code point name: group, such as 'face-smiling'} of the npm package emojibase-data."
    titles = json.loads(read_member(archive, "meta/groups.json"))["subgroups"]
    table = json.loads(read_member(archive, "en/data.json"))
    return {emoji_name(entry["emoji"]): titles[str(entry["subgroup"])]
            for entry in table if "subgroup" in entry}


def read_tags(archive):
    "{code point name: tags} of the npm package emojilib, without emoticons."
    table = json.loads(read_member(archive, "dist/emoji-en-US.json"))
    return {emoji_name(char): [tag.replace("_", " ")
                               for tag in tags if re.fullmatch(r"[\w' -]+", tag)]
            for char, tags in table.items()}


def our_own():
    """({name: (name, keywords)}, {name: group}) of what Unicode leaves out:
    the 26 letters that flags are made of, and the one private sign."""
    letters = {f"{0x1f1e6 + i:x}": (f"regional indicator letter {letter}",
                                    ["flag", "letter", letter])
               for i, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}
    tower = ("Shibuya shopping tower",
             ["building", "fashion", "shop", "shopping", "store", "Tokyo"])
    groups = {**dict.fromkeys(letters, "alphanum"), SHIBUYA: "place-building"}
    return {**letters, SHIBUYA: tower}, groups


def main(full, derived, emojibase, emojilib):
    texts, groups = our_own()
    texts |= read_annotations(derived, "annotationsDerived") | read_annotations(full, "annotations")
    groups |= read_groups(emojibase)
    tags = read_tags(emojilib)
    later = {path.stem for path in (ASSETS / "later").glob("*.svg")} | {CAMERA_WITH_FLASH}
    names = load_emojis().names + sorted(later)
    missing = [name for name in names if name not in texts or name not in groups]
    if missing: sys.exit(f"no name or group for {', '.join(missing)}: take newer releases")
    rows = [(emoji_char(name), texts[name][0], "|".join(texts[name][1]),
             "|".join(tags.get(name, [])), groups[name]) for name in names]
    table = pd.DataFrame(rows, columns=["emoji", "name", "keywords", "tags", "group"])
    table.to_csv(ASSETS / "annotations.csv", index=False, lineterminator="\n")
    notice = read_member(full, "LICENSE").strip() + "\n"
    (ASSETS / "UNICODE-LICENSE.txt").write_text(notice, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 5: sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
