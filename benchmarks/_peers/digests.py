"""Digests of what networks give on the C++ engine: a line of JSON to stdout.

    python digests.py

Two checkouts that print the same digests on one machine compute the same bits. MNIST and hd are
read from BIOPLASTIC_DATA; images and words are few, since a bit that differs shows at once.
"""

import hashlib
import json

import numpy as np

from bioplastic import datasets, networks

ENGINE = {"engine": "cpp_standalone", "random_state": 0}


def digest(*arrays: object) -> str:
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()[:16]


def main() -> None:
    found = {}
    images = datasets.load_mnist().data[:150]
    for n in (100, 400):
        model = networks.DiehlCook(n_neurons=n, n_epochs=1, **ENGINE).fit(images)
        answers = model.transform(images[:20])
        found[f"Diehl & Cook, {n}"] = digest(model.weights_, model.theta_, answers)
    hd = datasets.load_hd()
    words, labels = hd.data[:30], hd.target[:30]
    for liquid in ("maass", "tonotopic", "random"):
        model = networks.LiquidStateMachine(270, liquid=liquid, **ENGINE).fit(words)
        spikes = model.transform(words)
        found[f"liquid, {liquid}"] = digest(spikes.times, spikes.units)
    model = networks.EPropClassifier(64, n_epochs=2, batch_size=8, **ENGINE).fit(words, labels)
    found["e-prop"] = digest(model.predict_proba(words))
    digits = datasets.load_digits()
    model = networks.RewardSTDPClassifier(4, n_epochs=1, **ENGINE)
    model.fit(digits.data[:120], digits.target[:120])
    found["R-STDP"] = digest(model.decision_function(digits.data[:50]))
    print(json.dumps(found))


if __name__ == "__main__":
    main()
