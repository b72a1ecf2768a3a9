"""What is noted down beside each model that ships. The training scripts call it."""
import json
import platform

import keras
import tensorflow

from neural_emojis.data import ASSETS, written_whole


def write_card(name, weights, data, split, seed, command, figures, **more):
    "Write neural_emojis/assets/name.json, whole or not at all, and print the figures."
    versions = {"python": platform.python_version(), "tensorflow": tensorflow.__version__,
                "keras": keras.__version__}
    card = {"data": data, "split": split, "seed": seed, "command": command,
            "weights": int(weights), "versions": versions, "figures": figures, **more}
    with written_whole(ASSETS / f"{name}.json") as file:
        file.write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(name, json.dumps(figures, indent=1))
