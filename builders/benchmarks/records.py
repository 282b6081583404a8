"""The records of a benchmark's file, whatever its format, as values that paths lead into."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from medsmith.builders.benchmarks.paths import element_value
from medsmith.converters import RawFile, Record
from medsmith.converters.readers import (
    read_csv,
    read_json_array,
    read_json_object,
    read_jsonl,
    read_lines,
    read_xlsx,
    read_xml,
)
from medsmith.manifests import BenchmarkFile
from medsmith.schema import RawFileError, Reject

KEY = "$key"  # the key of a keyed record
LINE = "$line"  # a line of text

_BATCH_ROWS = 1024


def read_records(file: RawFile, layout: BenchmarkFile) -> Iterator[Record[Any] | Reject]:
    """Yield the records of `file` as its manifest describes them.

    Raises `RawFileError` where the file is broken or is not of that format.
    """
    at = layout.records or ""
    match layout.format:
        case "json":
            yield from _keyed(file, at) if layout.keyed else read_json_array(file, at)
        case "jsonl":
            yield from read_jsonl(file, encoding=layout.encoding)
        case "csv" | "tsv":
            yield from read_csv(
                file,
                delimiter="," if layout.format == "csv" else "\t",
                columns=layout.columns,
                encoding=layout.encoding,
            )
        case "lines":
            for record in read_lines(file, encoding=layout.encoding):
                yield record if isinstance(record, Reject) else _named(record, LINE)
        case "xlsx":
            yield from read_xlsx(file, sheet=layout.records or 0)
        case "xml":
            for found in read_xml(file, at):
                if isinstance(found, Reject):
                    yield found
                else:
                    yield Record(element_value(found.value), found.locator)
        case "parquet":
            yield from _parquet(file)


def _named(record: Record[str], name: str) -> Record[Any]:
    return Record({name: record.value}, record.locator)


def _keyed(file: RawFile, at: str) -> Iterator[Record[Any] | Reject]:
    for record in read_json_object(file, at):
        if isinstance(record, Reject):
            yield record
            continue
        key, value = record.value
        members = value if isinstance(value, dict) else {"value": value}
        yield Record({KEY: key, **members}, record.locator)


def _parquet(file: RawFile) -> Iterator[Record[Any]]:
    import pyarrow as pa  # noqa: PLC0415 - slow to import, and few benchmarks need it
    import pyarrow.parquet as pq  # noqa: PLC0415

    number = 0
    with file.open_binary() as stream:
        try:
            for batch in pq.ParquetFile(stream).iter_batches(_BATCH_ROWS):
                for row in batch.to_pylist():
                    number += 1
                    yield Record(row, f"{file.name}#row={number}")
        except (pa.ArrowException, OSError) as error:
            raise RawFileError(
                f"{file.name} is not a whole Parquet file ({type(error).__name__}).",
                "Fetch it again and compare its checksum with the upstream's.",
            ) from None
