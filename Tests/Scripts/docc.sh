#!/usr/bin/env bash
# Builds the documentation with the toolchain's own docc, and takes every warning (a link that leads nowhere, above all) for an error.
# Not part of `swift test`: it needs docc, python3 and a release build.
#
#   swift build -c release && Tests/Scripts/docc.sh [directory for the archive]
#
# People write `import Credence` and see one module, so that the symbols of all layers are given to docc as symbols of Credence.
set -euo pipefail
cd "$(dirname "$0")/../.."
output=${1:-.build/Credence.doccarchive}
modules=${CREDENCE_BUILD_DIRECTORY:-.build/release}/Modules
[ -e "$modules/Credence.swiftmodule" ] || { echo "docc.sh: there is no build in $modules: swift build -c release"; exit 2; }
target=$(swiftc -print-target-info | python3 -c 'import json, sys; print(json.load(sys.stdin)["target"]["unversionedTriple"])')
symbols=$(mktemp -d)
trap 'rm -rf "$symbols"' EXIT
for module in Differentiation Distributions Modeling Networks Inference Reporting CommandLine Credence; do
  swift symbolgraph-extract -module-name "$module" -I "$modules" -target "$target" -minimum-access-level public -skip-synthesized-members \
    -output-dir "$symbols"
done
python3 - "$symbols" <<'PYTHON'
import json, pathlib, sys
for file in pathlib.Path(sys.argv[1]).glob("*.symbols.json"):
    graph = json.loads(file.read_text())
    graph["module"]["name"] = "Credence"
    file.write_text(json.dumps(graph))
PYTHON
docc convert Sources/Credence/Credence.docc --additional-symbol-graph-dir "$symbols" --output-dir "$output" \
  --fallback-display-name Credence --fallback-bundle-identifier org.credence --warnings-as-errors
echo "documentation: $output"
