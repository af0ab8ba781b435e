"""Workbooks written by hand, as small as a reader takes them: XLSX, ODS and XLS."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from xml.sax.saxutils import escape, quoteattr
from zipfile import ZIP_DEFLATED, ZipFile

Cell = str | float | None
Sheets = Mapping[str, Sequence[Sequence[Cell]]]

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_ODF = "urn:oasis:names:tc:opendocument:xmlns"
_ODS = "application/vnd.oasis.opendocument.spreadsheet"


def zipped(parts: Mapping[str, str]) -> bytes:
    """Pack named texts."""
    packed = BytesIO()
    with ZipFile(packed, "w", ZIP_DEFLATED) as file:
        for name, text in parts.items():
            file.writestr(name, text)
    return packed.getvalue()


def xlsx(sheets: Sheets, *, merged: Iterable[str] = (), hidden: Iterable[str] = ()) -> bytes:
    """Write what Excel writes now."""
    named = list(enumerate(sheets.items(), start=1))
    kinds = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KIND}.worksheet+xml"/>' for n, _ in named
    )
    listed = "".join(
        f'<sheet name={quoteattr(name)} sheetId="{n}" r:id="r{n}" state="{"hidden" if name in hidden else "visible"}"/>'
        for n, (name, _) in named
    )
    links = "".join(
        f'<Relationship Id="r{n}" Type="{_OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n, _ in named
    )
    merges = "".join(f'<mergeCell ref="{each}"/>' for each in merged)
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="rels" ContentType="application/vnd.'
        'openxmlformats-package.relationships+xml"/><Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_KIND}.sheet.main+xml"/>{kinds}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_LINKS}"><Relationship Id="r1" Type="{_OFFICE}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{listed}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_LINKS}">{links}</Relationships>',
    }
    for n, (_, rows) in named:
        cells = "".join(
            f'<row r="{at}">{"".join(_xlsx_cell(at, column, cell) for column, cell in enumerate(row))}</row>'
            for at, row in enumerate(rows, start=1)
        )
        end = f"<mergeCells>{merges}</mergeCells>" if merges else ""
        parts[f"xl/worksheets/sheet{n}.xml"] = (
            f'<worksheet xmlns="{_MAIN}"><sheetData>{cells}</sheetData>{end}</worksheet>'
        )
    return zipped(parts)


def _xlsx_cell(row: int, column: int, cell: Cell) -> str:
    place = f"{_letters(column)}{row}"
    if cell is None:
        return ""
    if isinstance(cell, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(cell)}</t></is></c>'
    return f'<c r="{place}"><v>{cell!r}</v></c>'


def _letters(column: int) -> str:
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def ods(sheets: Sheets) -> bytes:
    """Write what LibreOffice writes."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>"
        + "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
        + "</table:table>"
        for name, rows in sheets.items()
    )
    return zipped(
        {
            "mimetype": _ODS,
            "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{_ODF}:manifest:1.0"><manifest:file-entry '
            f'manifest:full-path="/" manifest:media-type="{_ODS}"/></manifest:manifest>',
            "content.xml": f'<office:document-content xmlns:office="{_ODF}:office:1.0" xmlns:table="{_ODF}:table:1.0" '
            f'xmlns:text="{_ODF}:text:1.0"><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body>'
            "</office:document-content>",
        }
    )


def _ods_cell(cell: Cell) -> str:
    if cell is None or cell == "":
        return "<table:table-cell/>"
    if isinstance(cell, str):
        return f'<table:table-cell office:value-type="string"><text:p>{escape(cell)}</text:p></table:table-cell>'
    value = f'office:value-type="float" office:value="{cell!r}"'
    return f"<table:table-cell {value}><text:p>{cell}</text:p></table:table-cell>"


def xls(sheets: Sheets) -> bytes:
    """Write what Excel wrote before: BIFF8 records, as the one stream of an OLE file."""
    pages = [_page(rows) for rows in sheets.values()]
    size = 0
    for _ in range(2):  # where each page begins stands before them, and takes as much room whatever it is
        at, heads = size, []
        for name, page in zip(sheets, pages, strict=True):
            head = struct.pack("<IBB", at, 0, 0) + struct.pack("<BB", len(name), 1) + name.encode("utf-16-le")
            heads.append(_record(0x85, head))
            at += len(page)
        start = _record(0x809, struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 6)) + b"".join(heads) + _record(0x0A, b"")
        size = len(start)
    return _ole(start + b"".join(pages))


def _page(rows: Sequence[Sequence[Cell]]) -> bytes:
    records = [_record(0x809, struct.pack("<HHHHII", 0x600, 0x10, 0, 0, 0, 6))]
    for row, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            place = struct.pack("<HHH", row, column, 0)
            if isinstance(cell, str):
                text = cell.encode("utf-16-le")
                records.append(_record(0x204, place + struct.pack("<HB", len(text) // 2, 1) + text))
            elif cell is not None:
                records.append(_record(0x203, place + struct.pack("<d", cell)))
    return b"".join(records) + _record(0x0A, b"")


def _record(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _ole(stream: bytes) -> bytes:
    """Wrap a stream: header, the table of sectors, one of names, and the stream's own sectors."""
    free, end, table = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    stream = stream.ljust(4096, b"\0")  # smaller ones are kept elsewhere
    sectors = -(-len(stream) // 512)
    tables = -(-(sectors + 1) // 127)
    chain = [table] * tables + [end] + [tables + 2 + n for n in range(sectors - 1)] + [end]
    chain += [free] * (tables * 128 - len(chain))
    places = [*range(tables), *[free] * (109 - tables)]
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH6xII", 0x3E, 3, 0xFFFE, 9, 6, 0, tables)
    head += struct.pack("<IIIIIII", tables, 0, 4096, end, 0, end, 0) + struct.pack("<109I", *places)

    def entry(name: str, kind: int, child: int, first: int, size: int) -> bytes:
        named = name.encode("utf-16-le") + b"\0\0"
        about = struct.pack("<HBBIII", len(named), kind, 1, free, free, child)
        return named.ljust(64, b"\0") + about + bytes(36) + struct.pack("<IQ", first, size)

    names = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, tables + 1, len(stream))
    return head + struct.pack(f"<{len(chain)}I", *chain) + names.ljust(512, b"\0") + stream.ljust(sectors * 512, b"\0")
