#!/usr/bin/env python3
"""Makes the shipped samples from data that Debian's own packages carry.

    apt-get install python3-sklearn r-base-core dataset-fashion-mnist
    datasets/samples/make_samples.py [--root FOLDER]

FOLDER is where the packages lie when they were unpacked with `dpkg -x` instead of installed ("/"
otherwise); Rscript must be runnable in either case. Every number is written with the characters
the source has. messy.csv and messy.truth.json are generated: see README.md.
"""
import argparse
import csv
import gzip
import io
import json
import pathlib
import random
import struct
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
FASHION_KEPT = {"train": 2000, "t10k": 400}

BREAST_CANCER_PARTS = ["radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity",
                       "concave_points", "symmetry", "fractal_dimension"]
NAMES = {
    "iris": ["sepal_length", "sepal_width", "petal_length", "petal_width", "species"],
    "wine": ["alcohol", "malic_acid", "ash", "alcalinity_of_ash", "magnesium", "total_phenols", "flavanoids",
             "nonflavanoid_phenols", "proanthocyanins", "color_intensity", "hue", "od280_od315", "proline",
             "cultivar"],
    "breast_cancer": [f"{kind}_{part}" for kind in ("mean", "error", "worst") for part in BREAST_CANCER_PARTS]
    + ["diagnosis"],
    "digits": [f"pixel_{y}_{x}" for y in range(8) for x in range(8)] + ["digit"],
    "diabetes": ["age", "sex", "bmi", "blood_pressure", "total_cholesterol", "ldl", "hdl", "cholesterol_ratio",
                 "log_triglycerides", "glucose", "progression"],
}


def write_csv(name, rows):
    with open(HERE / f"{name}.csv", "w", newline="", encoding="utf-8") as out:
        csv.writer(out, lineterminator="\n").writerows([NAMES[name]] if name in NAMES else [])
        csv.writer(out, lineterminator="\n").writerows(rows)


def classes(folder, source, name):
    """scikit-learn's own layout: `rows,columns,class names…`, then the numbers and the class index."""
    with open(folder / source, newline="", encoding="utf-8") as lines:
        head, *rows = list(csv.reader(lines))
    write_csv(name, [row[:-1] + [head[2 + int(row[-1])]] for row in rows])


def diabetes(folder):
    """The raw file, before centering; the target is written as a float there but is a whole number."""
    with gzip.open(folder / "diabetes_data_raw.csv.gz", "rt") as lines:
        data = [line.split() for line in lines]
    with gzip.open(folder / "diabetes_target.csv.gz", "rt") as lines:
        target = [float(line) for line in lines]
    assert len(data) == len(target) and all(value == int(value) for value in target)
    write_csv("diabetes", [row + [str(int(value))] for row, value in zip(data, target)])


def digits(folder):
    with gzip.open(folder / "digits.csv.gz", "rt", newline="") as lines:
        write_csv("digits", csv.reader(lines))


def from_r(expression):
    script = f"write.csv({expression}, row.names = FALSE, quote = FALSE, na = '')"
    text = subprocess.run(["Rscript", "--vanilla", "-e", script], check=True, capture_output=True, text=True).stdout
    return list(csv.reader(io.StringIO(text)))


def r_samples():
    """Ozone is moved to the end, where the column to predict is looked for; Titanic is one row a person."""
    write_csv("airquality", [row[1:] + row[:1] for row in from_r("datasets::airquality")])
    head, *counted = from_r("as.data.frame(datasets::Titanic)")
    write_csv("titanic", [head[:-1]] + [row[:-1] for row in counted for _ in range(int(row[-1]))])


def fashion(folder):
    target = HERE / "fashion-mnist"
    target.mkdir(exist_ok=True)
    for part, kept in FASHION_KEPT.items():
        for kind, dimensions in (("images-idx3", 3), ("labels-idx1", 1)):
            name = f"{part}-{kind}-ubyte.gz"
            data = gzip.decompress((folder / name).read_bytes())
            shape = struct.unpack(f">{dimensions}I", data[4:4 + 4 * dimensions])
            record = 784 if dimensions == 3 else 1
            start = 4 + 4 * dimensions
            head = data[:4] + struct.pack(f">{dimensions}I", kept, *shape[1:])
            (target / name).write_bytes(gzip.compress(head + data[start:start + kept * record], 9, mtime=0))


# ---- messy.csv -----------------------------------------------------------------------------------

MESSY_COLUMNS = ["code", "name", "city", "joined", "visits", "income", "score", "member", "remark", "outcome"]
MESSY_ROWS = 500
FIRST = ["Zoë", "José", "André", "Jürgen", "Mary", "John", "Åsa", "Seán", "Núria", "Peter"]
LAST = ["Muñoz", "Müller", "O'Brien", "Smith", "Lefèvre", "Sørensen", "Garção", "Brown", "Öztürk", "Jones"]
CITIES = ["Zürich", "Málaga", "Genève", "London", "Århus", "Köln"]


def messy_people(rng):
    pick = lambda items: items[int(rng.random() * len(items))]
    for index in range(MESSY_ROWS):
        visits = int(rng.random() * 40)
        income = 18000 + int(rng.random() * 60000) + round(rng.random(), 2)
        stays = visits / 40 + income / 78000 + 0.4 * (rng.random() - 0.5) > 1.1
        yield [f"{index + 7:04d}", f"{pick(FIRST)} {pick(LAST)}", pick(CITIES),
               f"20{10 + int(rng.random() * 14):02d}-{1 + int(rng.random() * 12):02d}-{1 + int(rng.random() * 28):02d}",
               str(visits), f"{income:.2f}", f"{rng.random() * 10:.1f}", pick(["yes", "no"]), "",
               "stays" if stays else "leaves"]


def messy():
    """A file with every common fault, each put there on purpose and written down in messy.truth.json."""
    rng = random.Random(20240229)
    rows = list(messy_people(rng))
    order = list(range(MESSY_ROWS))
    for last in range(MESSY_ROWS - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        order[last], order[other] = order[other], order[last]
    take = iter(order)
    some = lambda count: [next(take) for _ in range(count)]

    for index in some(25):
        rows[index][4] = ""
    for index in some(11):
        rows[index][5] = "NA"
    for index in some(8):
        rows[index][3] = "n/a"
    for index in some(9):
        rows[index][6] = "?"
    for index in some(7):
        rows[index][5] = "-999"
    for index in some(6):
        rows[index][1] = f'{rows[index][1].split()[1]}, "{rows[index][1].split()[0]}"'
    for index in some(5):
        rows[index][8] = "first line\nsecond line"
    for index in some(40):
        rows[index][8] = "paid 25 €"
    short, long_ = set(some(4)), set(some(3))
    copies, windows = some(12), set(some(60))

    records = [(row, index in windows, index in short, index in long_) for index, row in enumerate(rows)]
    records += [(rows[index], False, False, False) for index in copies]
    blanks_before = {100, 300}  # records in front of which a blank line stands

    text, line = "", 1
    truth = {"short_lines": [], "long_lines": [], "blank_lines": [], "crlf_records": 0}
    cells = []
    for number, (row, crlf, is_short, is_long) in enumerate([(MESSY_COLUMNS, False, False, False)] + records):
        if number in blanks_before:
            truth["blank_lines"].append(line)
            text, line = text + "\n", line + 1
        written = row[:7] if is_short else row + ["surplus"] if is_long else row
        truth["short_lines"] += [line] * is_short
        truth["long_lines"] += [line] * is_long
        truth["crlf_records"] += crlf
        record = io.StringIO(newline="")
        csv.writer(record, lineterminator="\r\n" if crlf else "\n").writerow(written)
        text, line = text + record.getvalue(), line + 1 + sum(cell.count("\n") for cell in written)
        if number:
            cells.append(row[:7] + [""] * 3 if is_short else row)
    (HERE / "messy.csv").write_bytes(text.encode("cp1252"))

    missing = lambda cell: cell in ("", "NA", "n/a")
    truth |= {
        "encoding": "windows-1252", "delimiter": ",", "quote": '"', "header": True, "line_ending": "mixed",
        "columns": MESSY_COLUMNS, "rows": len(cells), "duplicates": len(copies), "lines": line - 1,
        "missing": {name: sum(missing(row[i]) for row in cells) for i, name in enumerate(MESSY_COLUMNS)},
        "suspected": {"income": {"-999": sum(row[5] == "-999" for row in cells)},
                      "score": {"?": sum(row[6] == "?" for row in cells)}},
        "leading_zero_codes": sum(row[0].startswith("0") for row in cells),
        "cells_with_quotes": sum('"' in cell for row in cells for cell in row),
        "cells_over_two_lines": sum("\n" in cell for row in cells for cell in row),
        "cells_with_euro": sum("€" in cell for row in cells for cell in row),
        "types": {"joined": "date", "visits": "numeric", "income": "numeric", "member": "category",
                  "city": "category", "outcome": "category", "name": "text", "code": "text"},
        "joined_min": min(row[3] for row in cells if not missing(row[3])),
        "joined_max": max(row[3] for row in cells if not missing(row[3])),
        "visits_sum": sum(int(row[4]) for row in cells if not missing(row[4])),
    }
    assert truth["duplicates"] == len(cells) - len({tuple(row) for row in cells})
    (HERE / "messy.truth.json").write_text(json.dumps(truth, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--root", type=pathlib.Path, default=pathlib.Path("/"))
    root = arguments.parse_args().root
    sklearn = root / "usr/lib/python3/dist-packages/sklearn/datasets/data"
    classes(sklearn, "iris.csv", "iris")
    classes(sklearn, "wine_data.csv", "wine")
    classes(sklearn, "breast_cancer.csv", "breast_cancer")
    diabetes(sklearn)
    digits(sklearn)
    r_samples()
    fashion(root / "usr/share/datasets/fashion-mnist")
    messy()


if __name__ == "__main__":
    main()
