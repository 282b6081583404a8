"""One detector of contamination over one folder, in a process of its own; prints its figures.

    python contamination_tools.py NAME FOLDER ROWS [JANITOR]

`FOLDER` holds `texts.parquet` (id, input, output) and `items.parquet` (id, question, options,
answer, passage). Measured are the CPU seconds of looking through the texts: not those of imports,
models, reading files and registering the items.

- `medsmith`: both passes, on one thread;
- `janitor`: lm-evaluation-harness's C++ module (the folder JANITOR holds it compiled), n = 13. It
  fails on anything but ASCII, which is therefore taken out beforehand, untimed; and since its
  `clean` drops rows without asking whether an n-gram is an item's, its n-grams are looked up here;
- `datatrove`: `NGramsDecontFilter` with questions looked for too, n = 12.
"""

from __future__ import annotations

import json
import string
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

import pyarrow.parquet as pq

COLUMNS = ["id", "input", "output"]
SCORED = 20_000  # rows at once


def medsmith(folder: Path, rows: int) -> dict[str, float]:
    import numpy as np
    import pyarrow as pa
    from medsmith.dedup.contamination import Item, build_index, items_table, reduce_df, scan, score

    registered = (
        Item(row["id"], row["question"], tuple(row["options"]), row["answer"], row["passage"])
        for row in pq.read_table(folder / "items.parquet").to_pylist()
    )
    index = build_index(items_table("items", registered))
    counts, seen, seconds, candidates = np.zeros(index.grams, np.uint32), 0, 0.0, []
    file = pq.ParquetFile(folder / "texts.parquet")
    for batch in islice(file.iter_batches(50_000, columns=COLUMNS), -(-rows // 50_000)):
        table = pa.table(batch)
        start = time.process_time()
        found = scan(index, table)
        candidates.append(table.take(pa.array(found.rows)))
        counts += found.counts
        seen += found.texts
        seconds += time.process_time() - start
    start = time.process_time()
    telling, chosen = reduce_df(index, [counts], seen), pa.concat_tables(candidates)
    parts = (chosen.slice(at, SCORED) for at in range(0, len(chosen), SCORED))
    hits = pa.concat_tables([score(index, telling, part) for part in parts])
    both = seconds + time.process_time() - start
    arrays = (value for value in vars(index).values() if isinstance(value, np.ndarray))
    return {
        "scan": seconds,
        "seconds": both,
        "flagged": len(set(hits["id"].to_pylist())),
        "index_bytes": sum(array.nbytes for array in arrays),
    }


def texts(folder: Path, rows: int) -> list[str]:
    table = next(pq.ParquetFile(folder / "texts.parquet").iter_batches(rows, columns=COLUMNS))
    columns = (table.column(name).to_pylist() for name in COLUMNS[1:])
    return ["\n".join(pair) for pair in zip(*columns, strict=True)]


def items(folder: Path) -> list[tuple[str, str]]:
    return [
        ("\n".join((row["question"], *row["options"])), row["answer"])
        for row in pq.read_table(folder / "items.parquet").to_pylist()
    ]


def janitor(folder: Path, rows: int, compiled: str) -> dict[str, float]:
    sys.path.insert(0, compiled)
    import janitor_util

    known: set[str] = set()
    for question, answer in items(folder):
        plain = f"{question}\n{answer}".encode("ascii", "ignore").decode()
        known.update(janitor_util.clean_ngram(plain, string.punctuation, 13))
    plain_texts = [text.encode("ascii", "ignore").decode() for text in texts(folder, rows)]
    start = time.process_time()
    flagged = sum(
        not known.isdisjoint(janitor_util.clean_ngram(text, string.punctuation, 13))
        for text in plain_texts
    )
    return {"seconds": time.process_time() - start, "flagged": flagged}


def datatrove(folder: Path, rows: int) -> dict[str, float]:
    import numpy as np
    from datatrove.data import Document
    from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter
    from datatrove.utils.hashing import HashConfig
    from datatrove.utils.text import ngrams, simplify_text

    # Its other hash fails on strings with some releases of xxhash.
    config = NGramsDecontConfig(find_query_ngrams=True, hash_config=HashConfig(hash_fc="sha1"))
    with tempfile.TemporaryDirectory() as home:
        decontaminator = NGramsDecontFilter(home, config)
        hashes = {
            decontaminator.hash_func(" ".join(gram))
            for parts in items(folder)
            for part in parts
            for gram in ngrams(
                decontaminator.tokenizer.word_tokenize(simplify_text(part, config.norm_config)),
                config.n_grams,
            )
        }
        kind = np.dtype(config.hash_config.np_descr)
        np.array(sorted(hashes), kind).tofile(Path(home, "items.index.hashes"))
        documents = [Document(text, str(n)) for n, text in enumerate(texts(folder, rows))]
        decontaminator.filter(documents[0])
        start = time.process_time()
        flagged = sum(decontaminator.filter(document) is not True for document in documents)
        return {"seconds": time.process_time() - start, "flagged": flagged}


def main() -> None:
    name, folder, rows, *more = sys.argv[1:]
    tools = {"medsmith": medsmith, "janitor": janitor, "datatrove": datatrove}
    figures = tools[name](Path(folder), int(rows), *more)
    # getrusage would count the memory of the process that started this one.
    lines = Path("/proc/self/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines)
    figures["peak_bytes"] = int(status["VmHWM"].split()[0]) * 1024
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
