#!/usr/bin/env bash
# Memory of `filter` over a long stream: generates NDJSON of real prose, pipes it through, and prints the peak of resident
# memory, the time and the count of records. Fails above 200 MB. A row holds a note, of which the field `note` has one
# passage, a tenth, and `document` all of it.
#
#   benches/memory.sh [MEGABYTES] [FIELD]        default 2000 note; FIELD document searches nine tenths of the bytes
#
# DEIDRE names the binary; default target/release/deidre.
set -euo pipefail
cd "$(dirname "$0")/.."

megabytes=${1:-2000}
field=${2:-note}
deidre=${DEIDRE:-target/release/deidre}
[[ -x $deidre ]] || { echo "no $deidre: cargo build --release, or name a binary in DEIDRE" >&2; exit 2; }

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A block of rows from the project's notes, tags stripped, repeated until the stream is long enough. Each repetition has
# other record numbers, so that no two lines are equal.
python3 - "$work/block" <<'PYTHON'
import glob, json, re, sys
rows = []
for i, path in enumerate(sorted(glob.glob("datasets/notes/*/*.txt"))):
    text = re.sub(r"\[\[[A-Z0-9_]+:(.*?)\]\]", r"\1", open(path, encoding="utf-8").read(), flags=re.S)
    middle = len(text) // 2
    passage = text[middle : middle + len(text) // 10]
    rows.append('{"row":@@@@@@%04d,"v":1.50,"note":%s,"document":%s}' % (i, json.dumps(passage), json.dumps(text)))
open(sys.argv[1], "w").write("\n".join(rows) + "\n")
PYTHON
lines=$(wc -l < "$work/block")
rounds=$(( megabytes * 1000000 / $(wc -c < "$work/block") + 1 ))

generate() {
    local i
    for (( i = 0; i < rounds; i++ )); do
        sed "s/@@@@@@/$(( 700000 + i ))/g" "$work/block"
    done
}

start=$(date +%s.%N)
mkfifo "$work/in" "$work/out"
"$deidre" filter --policy redact --format ndjson --field "$field" < "$work/in" > "$work/out" &
filter=$!
wc -lc < "$work/out" > "$work/counts" &
counter=$!
exec 3> "$work/in"
generate >&3
# The end of the input is still to come, so that the program is there to be asked.
peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$filter/status")
exec 3>&-
wait "$filter"
wait "$counter"
read -r written bytes < "$work/counts"
seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')

echo "field $field: $(( rounds * lines )) records in, $written out, $(( bytes / 1000000 )) MB out, $seconds s, peak $(( peak / 1000 )) MB"
[[ $written -eq $(( rounds * lines )) ]] || { echo "records were lost" >&2; exit 1; }
[[ $peak -lt 200000 ]] || { echo "more than 200 MB" >&2; exit 1; }
