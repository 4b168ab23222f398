#!/bin/sh
# Fetches again everything that others made and Roster serves or tests with: htmx, the font Inter, the Lucide icons and axe.
# Versions are pinned here and nowhere else; vendor/SHA256SUMS pins the bytes. Needs npm (only as a downloader), the usual
# Unix tools, and fonttools and python3-brotli as Debian 12 has them: others may pack the fonts into other bytes. The files
# are committed, so building Roster needs none of these.
#
# The fonts are Modified Versions of Inter in the words of its licence (SIL OFL 1.1, fonts/LICENSE, no Reserved Font Name):
# the weights and the letters that css/font.css names, the features listed below, and nothing drawn anew.
#
#   static/vendor.sh            fetch, and refuse if a byte differs from SHA256SUMS
#   static/vendor.sh --update   fetch, and write SHA256SUMS anew (after changing a version, the list of icons, or the
#                               weights and letters in css/font.css)
set -eu

HTMX=4.0.1
INTER=5.3.0
LUCIDE=1.62.0
AXE=4.14.1
FONTTOOLS=4.38.0
BROTLI=1.0.9

# What browsers do with text by themselves, and the figures of one width for which the style sheets ask.
FEATURES=calt,ccmp,clig,kern,liga,locl,mark,mkmk,rclt,rlig,rvrn,tnum

# The icons Roster uses, by Lucide's names. views/ui/icon.templ gives each a name of its own.
ICONS="arrow-left-right ban box building-2 calendar check chevron-down chevron-left chevron-right chevron-up
chevrons-up-down circle-pause circle-play circle-question-mark clock copy download ellipsis eye eye-off
fingerprint-pattern globe history house inbox info key-round keyboard laptop link lock log-in log-out mail mail-open
menu monitor moon pencil plug plus refresh-cw rotate-ccw search send settings shield-check smartphone sun ticket
trash-2 triangle-alert undo-2 upload user user-minus user-plus user-x users x"

static=$(cd "$(dirname "$0")" && pwd)

fail() {
	echo "vendor.sh: $1" >&2
	exit 1
}

python() { /usr/bin/python3 -I "$@"; } # the one of the distribution, whichever else there is

command -v npm >/dev/null || fail "npm is missing; it downloads the packages"
have=$(python -c 'import brotli, fontTools; print(fontTools.version, brotli.__version__)' 2>/dev/null) ||
	fail "fonttools or brotli is missing for /usr/bin/python3; on Debian: apt install fonttools python3-brotli"
[ "$have" = "$FONTTOOLS $BROTLI" ] ||
	fail "the fonts are made with fonttools $FONTTOOLS and brotli $BROTLI (Debian 12), and here is $have; see FONTTOOLS and BROTLI"

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

face() { # file -> its @font-face in css/font.css, on one line
	tr -d '\n' <"$static/css/font.css" | tr '}' '\n' | grep -F "url(\"$1\")" || fail "css/font.css has no face for $1"
}

subset() { # file of the package, file to make
	face=$(face "$2")
	weights=$(printf '%s\n' "$face" | sed -n 's/.*font-weight: *\([0-9]*\) \([0-9]*\);.*/\1:\2/p')
	letters=$(printf '%s\n' "$face" | sed -n 's/.*unicode-range: *\([^;]*\);.*/\1/p' | tr -d ' ')
	[ -n "$weights" ] && [ -n "$letters" ] || fail "css/font.css does not say which weights and letters $2 has"
	python -m fontTools.varLib.instancer --quiet --no-recalc-timestamp --output "$scratch/$2" \
		"$scratch/inter/files/$1" "wght=$weights"
	# Of the names, whose font it is and under which licence; STAT is for menus of installed fonts.
	python -m fontTools.subset "$scratch/$2" --output-file="$static/fonts/$2" --flavor=woff2 --unicodes="$letters" \
		--layout-features="$FEATURES" --name-IDs=0,1,2,3,4,5,6,14 --drop-tables+=STAT \
		--no-recalc-timestamp --no-harfbuzz-repacker
}

subset inter-latin-wght-normal.woff2 inter-latin.woff2
subset inter-latin-ext-wght-normal.woff2 inter-names.woff2
subset inter-latin-ext-wght-normal.woff2 inter-latin-ext.woff2
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
		[ -f "$scratch/lucide/icons/$icon.svg" ] || fail "Lucide $LUCIDE has no icon $icon"
		# Keep the shapes, drop the wrapper: colour, width and ends of strokes are the stylesheet's business.
		shapes=$(tr '\n' ' ' <"$scratch/lucide/icons/$icon.svg" | sed -e 's/<!--[^>]*-->//' -e 's/<svg[^>]*>//' -e 's/<\/svg>//' -e 's/  */ /g' -e 's/> </></g' -e 's/ \/>/\/>/g' -e 's/^ *//' -e 's/ *$//')
		printf '<symbol id="%s" viewBox="0 0 24 24">%s</symbol>\n' "$icon" "$shapes"
	done
	printf '</svg>\n'
} >"$static/icons/icons.svg"

cd "$static"
files="vendor/htmx.min.js vendor/htmx.LICENSE vendor/axe.min.js vendor/axe.LICENSE fonts/inter-latin.woff2 fonts/inter-names.woff2 fonts/inter-latin-ext.woff2 fonts/LICENSE icons/icons.svg icons/LICENSE"
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
