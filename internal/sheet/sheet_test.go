package sheet

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// table spells rows for comparing: 1[a|b] 3[c|d].
func table(rows []Row) string {
	var all []string
	for _, r := range rows {
		all = append(all, fmt.Sprintf("%d[%s]", r.N, strings.Join(r.Cells, "|")))
	}
	return strings.Join(all, " ")
}

func utf16(s string, order unicode.Endianness, mark unicode.BOMPolicy) []byte {
	out, _ := unicode.UTF16(order, mark).NewEncoder().Bytes([]byte(s))
	return out
}

// C044 U31 I104: what spreadsheets and people write is read, and what cannot be read is said to be.
func TestTablesAreRead(t *testing.T) {
	t.Parallel()
	western, _ := charmap.Windows1252.NewEncoder().Bytes([]byte("noémi@x.example;Noémi Bäuer"))
	for _, test := range []struct{ name, data, want, problem string }{
		{"commas", "email,name\na@x.example,Ann\n", "1[email|name] 2[a@x.example|Ann]", ""},
		{"semicolons, and a comma in a value", "email;name\na@x.example;Bauer, Ann\nb@x.example;Ben\n", "1[email|name] 2[a@x.example|Bauer, Ann] 3[b@x.example|Ben]", ""},
		{"semicolons, and a comma in each name", "Ruiz, Ana;ana@x.example\nLund, Bo;bo@x.example\n", "1[Ruiz, Ana|ana@x.example] 2[Lund, Bo|bo@x.example]", ""}, // B223
		{"semicolons, and more commas", "Ruiz, Ana, Dr.;ana@x.example;member\nLund, Bo, Prof.;bo@x.example;viewer\n", "1[Ruiz, Ana, Dr.|ana@x.example|member] 2[Lund, Bo, Prof.|bo@x.example|viewer]", ""},
		{"tabs, and a comma in each name", "ana@x.example\tRuiz, Ana\nbo@x.example\tLund, Bo\n", "1[ana@x.example|Ruiz, Ana] 2[bo@x.example|Lund, Bo]", ""},
		{"commas, and a semicolon in each name", "Ana; Ruiz,ana@x.example\nBo; Lund,bo@x.example\n", "1[Ana; Ruiz|ana@x.example] 2[Bo; Lund|bo@x.example]", ""},
		{"notes above", "Notes:\nName;E-mail\nRuiz, Ana;ana@x.example\n", "1[Notes:] 2[Name|E-mail] 3[Ruiz, Ana|ana@x.example]", ""},
		{"tabs", "a@x.example\tAnn\r\nb@x.example\tBen", "1[a@x.example|Ann] 2[b@x.example|Ben]", ""},
		{"one column", "a@x.example\nb@x.example", "1[a@x.example] 2[b@x.example]", ""},
		{"a separator that is named", "sep=;\na;b,c,d\ne;f,g,h", "2[a|b,c,d] 3[e|f,g,h]", ""},
		{"quoted values", "\"a,1\",\"say \"\"yes\"\"\"\n\"two\nlines\",b\nc,d", "1[a,1|say \"yes\"] 2[two\nlines|b] 3[c|d]", ""},
		{"a quotation mark in the middle", "a@x.example,Rob \"Bob\" Smith\nb@x.example,\"Ben\"", "1[a@x.example|Rob \"Bob\" Smith] 2[b@x.example|Ben]", ""},
		{"old ends of lines, empty rows and cells", "a,b\r\r,\r c , d ", "1[a|b] 4[c|d]", ""},
		{"UTF-8 with its sign", "\ufeffemail\nnoémi@x.example", "1[email] 2[noémi@x.example]", ""},
		{"UTF-16, little", string(utf16("email;name\nnoémi@x.example;張", unicode.LittleEndian, unicode.UseBOM)), "1[email|name] 2[noémi@x.example|張]", ""},
		{"UTF-16, big", string(utf16("email;name\na@x.example;Ann", unicode.BigEndian, unicode.UseBOM)), "1[email|name] 2[a@x.example|Ann]", ""},
		{"UTF-16 without its sign", string(utf16("email;name\na@x.example;Ann", unicode.LittleEndian, unicode.IgnoreBOM)), "1[email|name] 2[a@x.example|Ann]", ""},
		{"Windows-1252", string(western), "1[noémi@x.example|Noémi Bäuer]", ""},
		{"rows of different lengths", "a,b,c\nd\ne,f", "1[a|b|c] 2[d] 3[e|f]", ""},
		{"nothing", "\ufeff \r\n", "", "empty"},
		// What is nothing once it is cleaned is as empty as what is nothing before.
		{"a comma", ",", "", "empty"},
		{"quoted nothing", "\"\",\"\"", "", "empty"},
		{"a separator that is named, and nothing", "sep=;", "", "empty"},
		{"a separator that is named, and empty rows", "sep=;\n;;\n;", "", "empty"},
		{"empty rows of several kinds", ";;\n,\n;\n", "", "empty"},
		{"a comma in UTF-16", string(utf16(",", unicode.LittleEndian, unicode.UseBOM)), "", "empty"},
		{"signs of width", "\ufeff\ufeff,\u200b,\u200d\n\u00a0,\u2060", "", "empty"},
		{"a workbook", "PK\x03\x04rest", "", "save it as CSV"},
		{"a picture", "\x89PNG\r\n\x1a\n\x00\x00", "", "not text"},
		{"an open quotation mark", "a,b\n\"two\nlines\",x\n\"c,d\ne,f", "", "Row 3 has a quotation mark"},
		{"many rows", strings.Repeat("a\n", 11), "1[a] 2[a] 3[a] 4[a] 5[a] 6[a] 7[a] 8[a] 9[a] 10[a]", ""},
	} {
		rows, err := Read([]byte(test.data), 10)
		var said Unreadable
		if got := table(rows); got != test.want || (test.problem == "") != (err == nil) || err != nil && (!errors.As(err, &said) || !strings.Contains(err.Error(), test.problem)) {
			t.Errorf("%s: read as %q, %v; want %q, %q", test.name, got, err, test.want, test.problem)
		}
	}
}

// I103 C044: what is written is read again as it was, in every spreadsheet too: nothing in it is calculated.
func FuzzRead(f *testing.F) {
	for _, s := range []string{"email,name\na@x.example,Ann", "a;b\n\"c;\"\"d\";e", "sep=;\na;b", "\xff\xfea\x00,\x00b\x00", "=1+1,-2\n@a,\tb", "\"", "a\"b", "'=x", "\x00a\x00,", "\xe9;\xe8", "a,b;c\td", "\r\r\n,\n", ",", "sep=;", "\"\",\"\"", "\xff\xfe,\x00", "\u200b,\u2060", strings.Repeat(",", 150) + "a"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		rows, err := Read(data, 100)
		var said Unreadable
		if err != nil && !errors.As(err, &said) {
			t.Fatalf("%q: %v", data, err)
		}
		if err == nil && len(rows) == 0 {
			t.Fatalf("%q is read, and has no row", data)
		}
		last := 0
		var cells [][]string
		for _, r := range rows {
			if r.N <= last || len(r.Cells) == 0 || !slices.ContainsFunc(r.Cells, func(c string) bool { return c != "" }) {
				t.Fatalf("%q has the rows %s", data, table(rows))
			}
			last = r.N
			for _, c := range r.Cells {
				if !utf8.ValidString(c) || strings.Contains(c, "\x00") {
					t.Fatalf("%q has the cell %q", data, c)
				}
			}
			cells = append(cells, append([]string{"x"}, r.Cells...)) // two columns at least, and a first line that names nothing
		}
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := Write(&out, cells); err != nil {
			t.Fatal(err)
		}
		again, err := read(strings.ReplaceAll(strings.TrimPrefix(out.String(), "\ufeff"), "\r\n", "\n"), ',', 100, false)
		if err != nil || len(again) != len(cells) {
			t.Fatalf("%q is written as %q and read as %s, %v", data, out.String(), table(again), err)
		}
		for i, r := range again {
			for k, c := range r.Cells {
				if c != "" && strings.IndexByte("=+-@", c[0]) >= 0 {
					t.Fatalf("%q writes the formula %q", data, c)
				}
				if k < len(cells[i]) && Unplain(c) != cells[i][k] {
					t.Fatalf("%q: %q becomes %q", data, cells[i][k], c)
				}
			}
		}
	})
}
