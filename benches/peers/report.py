"""What is printed and recorded of a run: the table, Deidre beside each peer, the engines that were left out, the record."""
import json
import os
import platform

COLUMNS = [
    "engine", "version", "MB/s a core", "until ready, s", "memory, MB", "element recall", "character precision",
    "documents without a leak",
]
BESIDE = ["peer", "row of Deidre", "times as fast", "element recall", "character precision"]


def row(engine, version, measured, bytes_, quality):
    """Figures of one engine; `quality` as `deidre eval --json` prints it. Times in processor seconds, memory in bytes."""
    return {
        "engine": engine,
        "version": version,
        "note": measured["note"],
        "bytes_per_second": round(bytes_ / measured["search"]),
        "seconds_a_pass": round(measured["search"], 6),
        "wall_seconds_a_pass": round(measured["wall"], 6),
        "passes": measured["passes"],
        "seconds_until_ready": round(measured["start"], 3),
        "memory_bytes": measured["memory"],
        "elements": quality["elements"],
        "caught": quality["caught"],
        "documents": quality["docs"],
        "clean": quality["clean"],
        "element_recall": quality["element_recall"],
        "char_recall": quality["char_recall"],
        "char_precision": quality["char_precision"],
        "intervals": {name: quality["intervals"][name] for name in ("element_recall", "char_precision", "clean_docs")},
    }


def show(notes, rows, left_out, ours):
    """The whole of it as text; `ours` are the names of Deidre's rows, the default's first."""
    parts = ["Notes: %(count)d of %(name)s, %(bytes)d bytes, %(elements)d elements.%(remark)s" % notes]
    parts.append(table(COLUMNS, [cells(row) for row in rows]))
    parts.append("\n".join("%s: %s" % (row["engine"], row["note"]) for row in rows))
    by_name = {row["engine"]: row for row in rows}
    beside = [
        compared(by_name[name], peer) for peer in rows if peer["engine"] not in ours for name in ours if name in by_name
    ]
    if beside:
        parts.append("Deidre beside each peer: its speed as a multiple, its recall and precision less those of the peer.")
        parts.append(table(BESIDE, beside))
    parts.extend("Left out: %s: %s" % (one["engine"], one["reason"]) for one in left_out)
    disturbed = max((row["wall_seconds_a_pass"] / row["seconds_a_pass"] for row in rows), default=1)
    if disturbed > 1.1:
        parts.append("Other work ran: an engine took up to %.1f times its processor time, by which speeds are." % disturbed)
    return "\n\n".join(parts) + "\n"


def cells(row):
    return [
        row["engine"],
        row["version"],
        figures(row["bytes_per_second"] / 1e6),
        "%.2f" % row["seconds_until_ready"],
        "%.0f" % (row["memory_bytes"] / 1e6),
        "%.3f" % row["element_recall"],
        "%.3f" % row["char_precision"],
        "%d of %d" % (row["clean"], row["documents"]),
    ]


def compared(ours, peer):
    return [
        peer["engine"],
        ours["engine"],
        figures(ours["bytes_per_second"] / peer["bytes_per_second"]),
        "%+.3f" % (ours["element_recall"] - peer["element_recall"]),
        "%+.3f" % (ours["char_precision"] - peer["char_precision"]),
    ]


def figures(number):
    """Two digits that count; whole from 100."""
    if number >= 99.5:
        return "%.0f" % number
    if number >= 9.95:
        return "%.1f" % number
    return "%.2f" % number if number >= 0.995 else "%#.2g" % number


def table(columns, rows):
    widths = [max(len(line[at]) for line in [columns, *rows]) for at in range(len(columns))]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |" for line in [columns, *rows]]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def record(path, about):
    """Writes the record of a run beside its place and renames it, so that it is whole or not there."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(about, file, indent=1)
        file.write("\n")
    os.replace(path + ".part", path)


def processor():
    """Its model and how many of it there are; nothing that names the machine."""
    model = platform.machine()
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        for line in lines:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"model": model, "count": os.cpu_count(), "load_at_start": round(os.getloadavg()[0], 2)}
