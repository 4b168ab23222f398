#!/bin/sh
# Fetches again everything that others made and Roster serves or tests with: htmx, the font Inter, the Lucide icons and axe.
# Versions are pinned here and nowhere else; vendor/SHA256SUMS pins the bytes. Needs npm (only as a downloader) and the usual
# Unix tools; the files are committed, so building Roster needs neither.
#
#   static/vendor.sh            fetch, and refuse if a byte differs from SHA256SUMS
#   static/vendor.sh --update   fetch, and write SHA256SUMS anew (after changing a version or the list of icons)
set -eu

HTMX=4.0.1
INTER=5.3.0
LUCIDE=1.62.0
AXE=4.14.1

# The icons Roster uses, by Lucide's names. views/ui/icon.templ gives each a name of its own.
ICONS="arrow-left-right ban box building-2 calendar check chevron-down chevron-left chevron-right chevron-up
chevrons-up-down circle-pause circle-play circle-question-mark clock copy download ellipsis eye eye-off
fingerprint-pattern globe history house inbox info key-round keyboard laptop link lock log-in log-out mail mail-open
menu monitor moon pencil plug plus refresh-cw rotate-ccw search send settings shield-check smartphone sun ticket
trash-2 triangle-alert undo-2 upload user user-minus user-plus user-x users x"

static=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

fetch() { # package@version -> $scratch/name
	mkdir -p "$scratch/$2"
	(cd "$scratch/$2" && npm pack --silent "$1" >/dev/null && tar xzf ./*.tgz --strip-components=1)
}

fetch "htmx.org@$HTMX" htmx
fetch "@fontsource-variable/inter@$INTER" inter
fetch "lucide-static@$LUCIDE" lucide
fetch "axe-core@$AXE" axe

cp "$scratch/htmx/dist/htmx.min.js" "$static/vendor/htmx.min.js"
cp "$scratch/htmx/LICENSE" "$static/vendor/htmx.LICENSE"
cp "$scratch/axe/axe.min.js" "$static/vendor/axe.min.js"
cp "$scratch/axe/LICENSE" "$static/vendor/axe.LICENSE"
cp "$scratch/inter/files/inter-latin-wght-normal.woff2" "$static/fonts/inter-latin.woff2"
cp "$scratch/inter/files/inter-latin-ext-wght-normal.woff2" "$static/fonts/inter-latin-ext.woff2"
cp "$scratch/inter/LICENSE" "$static/fonts/LICENSE"
cp "$scratch/lucide/LICENSE" "$static/icons/LICENSE"

# One sprite. What it draws by itself is the mark, so the same file serves as favicon: one request less.
{
	printf '%s\n' \
		"<!-- Icons: Lucide $LUCIDE, ISC licence, see LICENSE beside this file. Made by vendor.sh. -->" \
		'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 28 28">' \
		'<rect width="28" height="28" rx="7" fill="#00474f"/>' \
		'<g fill="#f0f7f7"><circle cx="8" cy="8.5" r="1.9"/><rect x="12" y="7.2" width="9" height="2.6" rx="1.3"/><circle cx="8" cy="19.5" r="1.9"/><rect x="12" y="18.2" width="6.5" height="2.6" rx="1.3"/></g>' \
		'<g fill="#f1b03f"><circle cx="8" cy="14" r="1.9"/><rect x="12" y="12.7" width="10" height="2.6" rx="1.3"/></g>'
	for icon in $ICONS; do
		[ -f "$scratch/lucide/icons/$icon.svg" ] || { echo "vendor.sh: Lucide $LUCIDE has no icon $icon" >&2; exit 1; }
		# Keep the shapes, drop the wrapper: colour, width and ends of strokes are the stylesheet's business.
		shapes=$(tr '\n' ' ' <"$scratch/lucide/icons/$icon.svg" | sed -e 's/<!--[^>]*-->//' -e 's/<svg[^>]*>//' -e 's/<\/svg>//' -e 's/  */ /g' -e 's/> </></g' -e 's/ \/>/\/>/g' -e 's/^ *//' -e 's/ *$//')
		printf '<symbol id="%s" viewBox="0 0 24 24">%s</symbol>\n' "$icon" "$shapes"
	done
	printf '</svg>\n'
} >"$static/icons/icons.svg"

cd "$static"
files="vendor/htmx.min.js vendor/htmx.LICENSE vendor/axe.min.js vendor/axe.LICENSE fonts/inter-latin.woff2 fonts/inter-latin-ext.woff2 fonts/LICENSE icons/icons.svg icons/LICENSE"
case "${1:-}" in
--update)
	# shellcheck disable=SC2086
	sha256sum $files >vendor/SHA256SUMS
	;;
*)
	sha256sum --check --quiet vendor/SHA256SUMS
	;;
esac
echo "vendored: htmx $HTMX, Inter $INTER, Lucide $LUCIDE, axe $AXE"
