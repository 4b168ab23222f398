// Package sheet reads and writes the tables that people carry from one program to another: comma-separated values, as
// spreadsheets write them, whatever they separate with and however they spell letters.
package sheet

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	utf "golang.org/x/text/encoding/unicode"
)

// Unreadable says in whole sentences for people why something is not read as a table.
type Unreadable string

func (e Unreadable) Error() string { return string(e) }

// Row is a line of a table that has something in it.
type Row struct {
	// N is its number as a spreadsheet counts: from one, a cell of several lines as one.
	N     int
	Cells []string
}

// columnsMax is how many cells of a row are read. No table of people is as wide.
const columnsMax = 100

// nothing is said of a table in which there is nothing, however many cells it has: one that is read has a row.
const nothing = Unreadable("The file is empty.")

// Read reads a table, as far as so many rows. What separates its cells, and how its letters are spelled, is found out. Rows
// without anything that can be seen in them are left out, and where none is left the table is refused as an empty one. The
// error is an Unreadable.
func Read(data []byte, rowsMax int) ([]Row, error) {
	text, err := decode(data)
	if err != nil {
		return nil, err
	}
	text, comma := separator(text)
	rows, err := read(text, comma, rowsMax, false)
	if errors.Is(err, csv.ErrBareQuote) { // in the middle of a cell it is one like any other
		rows, err = read(text, comma, rowsMax, true)
	}
	return rows, err
}

func read(text string, comma rune, rowsMax int, lazy bool) ([]Row, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.FieldsPerRecord, r.LazyQuotes = comma, -1, lazy
	var rows []Row
	inside := 0 // ends of lines within cells, so far
	for {
		cells, err := r.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF) && len(rows) == 0:
			return nil, nothing
		case errors.Is(err, io.EOF):
			return rows, nil
		case errors.Is(err, csv.ErrBareQuote):
			return nil, err
		case errors.As(err, &broken):
			return nil, Unreadable(fmt.Sprintf("Row %d has a quotation mark that is never closed, or that is closed in the middle of a value.", broken.StartLine-inside))
		case err != nil:
			return nil, fmt.Errorf("read a table: %w", err)
		}
		line, _ := r.FieldPos(0)
		n := line - inside
		for i := range cells {
			inside += strings.Count(cells[i], "\n")
			cells[i] = strings.TrimSpace(cells[i])
		}
		cells = cells[:min(len(cells), columnsMax)]
		if !slices.ContainsFunc(cells, isSeen) {
			continue
		}
		if rows = append(rows, Row{n, cells}); len(rows) == rowsMax {
			return rows, nil
		}
	}
}

// isSeen tells whether there is anything in a text but space, signs of width and direction, and what separates cells.
func isSeen(text string) bool {
	return strings.ContainsFunc(text, func(r rune) bool {
		return !unicode.IsSpace(r) && !unicode.Is(unicode.Cf, r) && !strings.ContainsRune(separators, r)
	})
}

// decode turns what a program has written into text. UTF-8 needs no sign in front; what is neither that nor UTF-16 is read
// as what Windows writes in the west, where every byte is a letter.
func decode(data []byte) (string, error) {
	var from encoding.Encoding
	switch {
	case bytes.HasPrefix(data, []byte("PK\x03\x04")), bytes.HasPrefix(data, []byte{0xd0, 0xcf, 0x11, 0xe0}):
		return "", Unreadable("This is a workbook. Open it in your spreadsheet program and save it as CSV.")
	case bytes.HasPrefix(data, []byte{0xff, 0xfe}), bytes.HasPrefix(data, []byte{0xfe, 0xff}):
		from = utf.UTF16(utf.LittleEndian, utf.ExpectBOM)
	case zeros(data, 1) > len(data)/4:
		from = utf.UTF16(utf.LittleEndian, utf.IgnoreBOM)
	case zeros(data, 0) > len(data)/4:
		from = utf.UTF16(utf.BigEndian, utf.IgnoreBOM)
	case !utf8.Valid(data):
		from = charmap.Windows1252
	}
	if from != nil {
		decoded, err := from.NewDecoder().Bytes(data)
		if err != nil {
			return "", Unreadable("This file is not text.")
		}
		data = decoded
	}
	text := strings.TrimPrefix(string(data), "\ufeff")
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' }) {
		return "", Unreadable("This file is not text.")
	}
	text = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(text)
	if !isSeen(text) {
		return "", nothing
	}
	return text, nil
}

// zeros counts the zero bytes at the even or at the odd places: half of the bytes of western text in UTF-16.
func zeros(data []byte, from int) (n int) {
	for i := from; i < len(data); i += 2 {
		if data[i] == 0 {
			n++
		}
	}
	return n
}

// Separators that are looked for, the likeliest first.
const separators = ",;\t"

// separator finds out what stands between the cells: a first line that names it, as some programs write, is taken at its
// word and left out. Else it is what leaves most e-mail addresses alone in a column, for names and titles have commas of
// their own; of several, what the first lines have the same number of, and then what they have most of.
func separator(text string) (rest string, comma rune) {
	first, after, _ := strings.Cut(text, "\n")
	if said, ok := strings.CutPrefix(strings.ToLower(first), "sep="); ok && len(said) == 1 && strings.Contains(separators, said) {
		return "\n" + after, rune(said[0]) // the line stays one, so that rows keep their numbers
	}
	comma = ','
	var best [3]int // addresses, lines, separators in a line
	for _, one := range separators {
		counts := perLine(text, byte(one))
		same := 0
		for _, n := range counts {
			if n == counts[0] && n > 0 {
				same++
			}
		}
		if slices.Max(counts) == 0 {
			continue
		}
		got := [3]int{addresses(text, one), same, same * counts[0]}
		if slices.Compare(got[:], best[:]) > 0 {
			comma, best = one, got
		}
	}
	return text, comma
}

// addresses counts the e-mail addresses that stand alone in the cells of one column, in the column that has most of them.
func addresses(text string, comma rune) int {
	rows, err := read(text, comma, linesLooked, true)
	if err != nil {
		return 0
	}
	var columns [columnsMax]int
	for _, row := range rows {
		for i, cell := range row.Cells {
			if before, after, found := strings.Cut(cell, "@"); found && before != "" && after != "" && !strings.ContainsAny(cell, separators+" <>\"") && strings.Count(cell, "@") == 1 {
				columns[i]++
			}
		}
	}
	return slices.Max(columns[:])
}

// linesLooked is how many lines are looked at for what separates cells.
const linesLooked = 20

// perLine counts a separator in each of the first lines that are not empty, outside of quotation marks.
func perLine(text string, separator byte) []int {
	var counts []int
	n, quoted, empty := 0, false, true
	for i := 0; i <= len(text) && len(counts) < linesLooked; i++ {
		switch {
		case i == len(text) || text[i] == '\n' && !quoted:
			if !empty {
				counts = append(counts, n)
			}
			n, empty = 0, true
		case text[i] == '"':
			quoted = !quoted
		case text[i] == separator && !quoted:
			n++
		case text[i] != ' ':
			empty = false
		}
	}
	if len(counts) == 0 {
		return []int{0}
	}
	return counts
}

// Write writes a table that spreadsheets open as it is meant: in UTF-8 with its sign, and with nothing that they would
// calculate.
func Write(w io.Writer, rows [][]string) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil {
		return err
	}
	c := csv.NewWriter(w)
	c.UseCRLF = true
	for _, row := range rows {
		plain := make([]string, len(row))
		for i, cell := range row {
			plain[i] = Plain(cell)
		}
		if err := c.Write(plain); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}

// formulas begin with one of these, in letters of full width too.
const formulas = "=+-@\t\r\x00＝＋－＠"

// Plain is a cell that no spreadsheet takes for a formula: an apostrophe stands before what would begin one, at the start
// of the cell and wherever a program that parts cells otherwise would begin another one (OWASP, CSV injection).
func Plain(cell string) string {
	var b strings.Builder
	begins := true
	for _, c := range cell {
		if begins && strings.ContainsRune(formulas, c) {
			b.WriteByte('\'')
		}
		b.WriteRune(c)
		begins = goesOn(begins, c)
	}
	return b.String()
}

// Unplain takes the apostrophes off again.
func Unplain(cell string) string {
	var b strings.Builder
	begins := true
	letters := append([]rune(cell), 0)
	for i, c := range letters[:len(letters)-1] {
		if next := letters[i+1]; !begins || c != '\'' || i+2 == len(letters) || !strings.ContainsRune(formulas, next) {
			b.WriteRune(c)
		}
		begins = goesOn(begins, c)
	}
	if Plain(b.String()) != cell { // it was not made by Plain
		return cell
	}
	return b.String()
}

// goesOn tells whether what follows a letter would still begin a cell.
func goesOn(begins bool, c rune) bool {
	blank := unicode.IsSpace(c) || unicode.Is(unicode.Cf, c)
	return begins && blank || strings.ContainsRune(",;|\"'\t\r\n", c)
}
