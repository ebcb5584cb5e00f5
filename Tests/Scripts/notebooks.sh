#!/bin/bash
# Looks at the notebooks in a real browser (Debian's Chromium): light and dark, wide and narrow. Not part of the test command.
#
#   swift build -c release && Tests/Scripts/notebooks.sh [FOLDER]
#
# FOLDER (default: a temporary one) gets pages and pictures; look at them. The script itself fails when a notebook fails, when a second run is not the
# same bytes, when a page is 2 MB or larger, or when it loads anything from outside of itself.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
credence=${CREDENCE:-$root/.build/release/credence}
out=${1:-$(mktemp -d)}
mkdir -p "$out"
cd "$out"

shoot() { # page, picture, width and height, scheme (0 dark, 1 light)
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --force-device-scale-factor=1 --host-resolver-rules="MAP * ~NOTFOUND" \
    --user-data-dir="$out/.profile" --window-size="$3" --screenshot="$2" --blink-settings=preferredColorScheme="$4" "file://$out/$1" 2>> chromium.log
  [ -s "$2" ] || { echo "$2 is empty"; exit 1; }
}

for script in "$root"/Notebooks-as-scripts/*.swift; do
  name=$(basename "$script" .swift)
  "$credence" notebook "$script" -o "$name.html" --fresh --quiet
  "$credence" notebook "$script" -o again.html --fresh --quiet
  cmp "$name.html" again.html
  "$credence" notebook "$script" -o "$name.md" --quiet
  [ "$(stat -c %s "$name.html")" -lt 2000000 ] || { echo "$name.html is too large"; exit 1; }
  if grep -oE '(src=|url\()"?https?:|@import|<link|<script' "$name.html"; then echo "$name.html names something outside of itself"; exit 1; fi
  shoot "$name.html" "$name-light-wide.png" 1200,4500 1
  shoot "$name.html" "$name-dark-wide.png" 1200,4500 0
  # Headless windows are no narrower than 500 pixels: a frame makes the narrow screen.
  echo "<!DOCTYPE html><body style=\"margin:0\"><iframe src=\"$name.html\" style=\"width:400px;height:4500px;border:0\"></iframe></body>" > narrow.html
  shoot narrow.html "$name-light-narrow.png" 500,4500 1
  shoot narrow.html "$name-dark-narrow.png" 500,4500 0
  chromium --headless --no-sandbox --disable-gpu --user-data-dir="$out/.profile" --log-net-log="$out/net.json" --dump-dom "file://$out/$name.html" \
    > /dev/null 2>> chromium.log
  if grep -oE '"url":"https?://[^"]*"' net.json | grep -vE 'google|gstatic|gvt1|chrome'; then echo "$name.html asks for something"; exit 1; fi
done
rm -rf .profile narrow.html again.html net.json
echo "pages and pictures are in $out"
