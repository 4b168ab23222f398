package roster

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/sheet"
)

// How much a file of people to invite may hold.
const (
	ImportBytesMax = 1 << 20
	ImportRowsMax  = 5_000
)

// How much of a cell is kept, in characters: more than any good one has, and enough to see what is wrong.
const (
	emailKept   = 320
	nameKept    = 200
	roleKept    = 100
	messageKept = 2_000
)

// headingsLooked is in how many of the first rows the names of the columns are looked for: some programs write notes above.
const headingsLooked = 20

// cellsLooked is how many rows are looked at for what a column holds.
const cellsLooked = 200

// A reading is how the rows of a file are read.
type reading struct {
	heading int          // how many rows there are as far as the one that names the columns, with it; 0 if none does
	names   []string     // of the columns, as that row has them
	at      [columns]int // where each column is; -1 for none
}

// noColumns is a reading before any column is found.
func noColumns() reading {
	var r reading
	for i := range r.at {
		r.at[i] = -1
	}
	return r
}

// parseFile reads a file of people to invite: its cells, how they are read, and the rows that they make.
func parseFile(data []byte) (cells []sheet.Row, how reading, rows []ImportRow, err error) {
	if cells, err = readSheet(data); err != nil {
		return nil, how, nil, err
	}
	if how, err = findColumns(cells); err != nil {
		return nil, how, nil, err
	}
	rows, err = how.read(cells)
	return cells, how, rows, err
}

// readSheet reads the cells of a file.
func readSheet(data []byte) ([]sheet.Row, error) {
	if len(data) > ImportBytesMax {
		return nil, notRead("The file is larger than 1 MB. Split it into several files.")
	}
	rows, err := sheet.Read(data, ImportRowsMax+headingsLooked+1) // its first rows may name the columns, and one more is too many
	var unreadable sheet.Unreadable
	if errors.As(err, &unreadable) {
		return nil, notRead(unreadable.Error())
	}
	return rows, err
}

// read makes rows of a draft of the rows of a file.
func (r reading) read(rows []sheet.Row) ([]ImportRow, error) {
	rows = rows[r.heading:]
	if len(rows) == 0 {
		return nil, notRead("The file names its columns, and has no rows below.")
	}
	if len(rows) > ImportRowsMax {
		return nil, notRead("The file has more than 5,000 rows. Split it into several files.")
	}
	list := make([]ImportRow, len(rows))
	for i, row := range rows {
		list[i] = ImportRow{N: row.N, Email: r.cell(row, columnEmail, emailKept), Name: cut(r.name(row), nameKept), Role: r.cell(row, columnRole, roleKept), Message: r.cell(row, columnMessage, messageKept)}
		r.judge(row, &list[i])
	}
	turnNames(list)
	return list, nil
}

// cell is what a row has in a column, if there is such a column.
func (r reading) cell(row sheet.Row, column, kept int) string {
	if at := r.at[column]; at >= 0 && at < len(row.Cells) {
		return cut(sheet.Unplain(row.Cells[at]), kept)
	}
	return ""
}

// name is the name of a row's person: the whole one, that of two columns, what others see, or what they log in with, if
// that is no address.
func (r reading) name(row sheet.Row) string {
	cell := func(column int) string { return r.cell(row, column, nameKept) }
	first, last, name := cell(columnFirst), cell(columnLast), cell(columnName)
	switch { // many languages call a part of the name just "name", where the other part has a column of its own
	case name == "" || first != "" && last != "":
	case r.at[columnFirst] >= 0 && r.at[columnLast] < 0 && first != "" && !hasWords(name, first):
		last, name = name, ""
	case r.at[columnLast] >= 0 && r.at[columnFirst] < 0 && last != "" && !hasWords(name, last):
		first, name = name, ""
	}
	both := strings.TrimSpace(first + " " + last)
	if first != "" && last != "" && !strings.ContainsFunc(first+last, func(c rune) bool { return !unicode.In(c, unicode.Han, unicode.Hangul, unicode.Hiragana) }) {
		both = last + first
	}
	if first == "" || last == "" {
		both = cmp.Or(name, cell(columnDisplay), both)
	}
	user := cell(columnUser)
	if strings.Contains(user, "@") {
		user = ""
	}
	return cmp.Or(cell(columnFull), both, name, cell(columnDisplay), user)
}

// hasWords tells whether a name has all the words of another.
func hasWords(name, other string) bool {
	all := strings.Fields(strings.ToLower(name))
	for word := range strings.FieldsSeq(strings.ToLower(other)) {
		if !slices.Contains(all, word) {
			return false
		}
	}
	return true
}

// judge sets a row aside if the file says that its person is gone, or is none. A state may also be a role.
func (r reading) judge(row sheet.Row, to *ImportRow) {
	gone := func(words string) { to.Kind, to.Note = "gone", fmt.Sprintf("The file says “%s”.", cut(words, 60)) }
	state := r.cell(row, columnStatus, roleKept)
	switch {
	case isGone(state):
		gone(state)
		return
	case isGone(to.Role):
		gone(to.Role)
		to.Role = ""
		return
	}
	if to.Role == "" && state != "" {
		if _, ok := namedRole(state, ""); ok {
			to.Role = state
		}
	}
	for _, column := range []int{columnGone, columnHere, columnGoneAt} {
		cell := r.cell(row, column, roleKept)
		key := wordKey(cell)
		is := false
		switch column {
		case columnGone:
			is = yesWords[key] || isGone(cell)
		case columnHere:
			is = noWords[key] || isGone(cell)
		case columnGoneAt:
			is = strings.Trim(key, "0") != "" && !noWords[key]
		}
		if is {
			gone(r.called(column) + ": " + cell)
			return
		}
	}
}

// isGone tells whether a state is one of somebody who is gone, or of no person. Longer words may go on, as in "Deactivated
// on 3 May".
func isGone(state string) bool {
	if state == "" {
		return false
	}
	first, _, _ := strings.Cut(state, " ")
	return goneWords[wordKey(state)] || utf8.RuneCountInString(first) >= 7 && goneWords[wordKey(first)]
}

// turnNames turns names round that a file has as "Last, First", if all of it is so: one alone may be anything.
func turnNames(list []ImportRow) {
	names := 0
	for _, row := range list {
		if row.Name == "" {
			continue
		}
		if _, _, ok := lastFirst(row.Name); !ok {
			return
		}
		names++
	}
	if names < 2 {
		return
	}
	for i := range list {
		if last, first, ok := lastFirst(list[i].Name); ok {
			list[i].Name = first + " " + last
		}
	}
}

// behindNames are what stands behind a name and its comma and is no first name.
var behindNames = words("Jr, Sr, II, III, IV, Dr, Prof, PhD, MD, MBA, MSc, BSc, MA, BA, Esq, CPA, RN, DDS, JD, Inc, Ltd, LLC, LLP, GmbH, AG, SA, Sàrl, BV, NV, AB, AS, Oy, Co, Corp, Mr, Mrs, Ms")

func lastFirst(name string) (last, first string, ok bool) {
	last, first, ok = strings.Cut(name, ",")
	last, first = strings.TrimSpace(last), strings.TrimSpace(first)
	odd := func(r rune) bool { return !unicode.In(r, unicode.L, unicode.M) && !strings.ContainsRune(" .-'’", r) }
	ok = ok && last != "" && first != "" && !strings.ContainsFunc(last+first, odd) && len(strings.Fields(last)) <= 4 && len(strings.Fields(first)) <= 3 && !behindNames[wordKey(first)]
	return last, first, ok
}

func notRead(sentence string) error {
	return &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "file", Message: sentence}}}
}

// findColumns finds out which row of a file names its columns, if one does, and which column is which.
func findColumns(rows []sheet.Row) (reading, error) {
	count := countAddresses(rows)
	most := slices.Index(count, slices.Max(count)) // the column with the most addresses
	wide := 0                                      // how many cells a row of people has that came already
	for i, row := range rows[:min(len(rows), headingsLooked)] {
		filled := 0
		for _, cell := range row.Cells {
			if cell != "" {
				filled++
			}
		}
		if slices.ContainsFunc(row.Cells, isAddress) {
			wide = max(wide, filled)
			continue
		}
		if filled > wide {
			if how, ok := namedColumns(row, rows[i+1:]); ok {
				how.heading, how.names = i+1, row.Cells
				return how, nil
			}
		}
	}
	if count[most] == 0 { // none is right; what was meant as one shows where they are
		for _, row := range rows[:min(len(rows), cellsLooked)] {
			for i, cell := range row.Cells {
				if len(row.Cells) > 1 && strings.Contains(cell, "@") && !strings.ContainsAny(cell, " |<>") {
					count[i]++
				}
			}
		}
		most = slices.Index(count, slices.Max(count))
	}
	if count[most] == 0 {
		n := len(rows[0].Cells)
		words := fmt.Sprintf("%d columns", n)
		if n == 1 {
			words = "1 column"
		}
		return reading{}, notRead(fmt.Sprintf("Row %d has %s. We need at least an e-mail column. Is it separated by something other than , ; or tab?", rows[0].N, words))
	}
	if how, ok := strangeColumns(rows, most); ok {
		return how, nil
	}
	return columnsInOrder(rows, most), nil
}

// countAddresses says how many addresses each column has.
func countAddresses(rows []sheet.Row) []int {
	count := []int{0}
	for i, row := range rows {
		for k, cell := range row.Cells {
			if k >= len(count) {
				count = append(count, make([]int, k+1-len(count))...)
			}
			if isAddress(cell) {
				count[k]++
			}
		}
		if i >= cellsLooked && slices.Max(count) > 0 {
			break
		}
	}
	return count
}

// namedColumns finds the columns by what a row calls them, in whatever order. The row names columns if one of them is called an
// e-mail address, or if one of them is known and the rows below have a column of addresses. Of several columns of addresses
// it is the one that has most of them, and a name to log in with counts if no other does.
func namedColumns(row sheet.Row, below []sheet.Row) (how reading, ok bool) {
	how = noColumns()
	count := countAddresses(below)
	at := func(i int) int {
		if i >= 0 && i < len(count) {
			return count[i]
		}
		return 0
	}
	known, mails, maybe := 0, -1, -1
	for i, cell := range row.Cells {
		column, is := columnNamed(cell)
		switch {
		case is:
			if column != columnUser && column != columnGone && column != columnHere { // which are words of cells as well
				known++
			}
			if column == columnEmail {
				if mails < 0 || at(i) > at(mails) {
					mails = i
				}
			} else if how.at[column] < 0 {
				how.at[column] = i
			}
		case strings.Contains(wordKey(cell), "mail") && utf8.RuneCountInString(cell) <= 60 && at(i) > 0 && (maybe < 0 || at(i) > at(maybe)):
			maybe = i
		}
	}
	email := mails
	if at(email) == 0 {
		most := slices.Index(count, slices.Max(count))
		switch user := how.at[columnUser]; {
		case maybe >= 0:
			email = maybe
		case at(user) > 0:
			email = user
		case at(most) > 0 && (email >= 0 || known >= 2 || known == 1 && len(row.Cells) <= 2):
			email = most
		}
	}
	if email < 0 {
		return how, false
	}
	for column, i := range how.at {
		if i == email {
			how.at[column] = -1
		}
	}
	how.at[columnEmail] = email
	return how, true
}

// strangeColumns finds the columns of a file that names them in words that are not all known: its first row of several cells
// has other things than the rows below, no address above addresses and no role. The name is the first column of words, and a
// column of roles is known by what it holds.
func strangeColumns(rows []sheet.Row, email int) (how reading, ok bool) {
	how = noColumns()
	at := slices.IndexFunc(rows[:min(len(rows), headingsLooked)], func(row sheet.Row) bool {
		return slices.ContainsFunc(row.Cells[1:], func(cell string) bool { return cell != "" })
	})
	if at < 0 || len(rows)-at < 3 || slices.ContainsFunc(rows[:at], func(row sheet.Row) bool { return isAddress(row.Cells[0]) }) {
		return how, false
	}
	names, below := rows[at].Cells, rows[at+1:]
	below = below[:min(len(below), cellsLooked)]
	for names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	seen := map[string]bool{}
	for i, cell := range names {
		key := wordKey(cell)
		_, isRole := namedRole(cell, "")
		if key == "" || seen[key] || isRole || strings.ContainsAny(cell, "@0123456789") || utf8.RuneCountInString(cell) > 60 {
			return how, false
		}
		seen[key] = true
		if column, known := columnNamed(cell); known && how.at[column] < 0 && i != email {
			how.at[column] = i
		}
	}
	held := func(i int, is func(string) bool) bool {
		some := false
		for _, row := range below {
			if i < len(row.Cells) && row.Cells[i] != "" {
				if !is(row.Cells[i]) {
					return false
				}
				some = true
			}
		}
		return some
	}
	if email >= len(names) || !held(email, func(cell string) bool { return strings.Contains(cell, "@") }) {
		return how, false
	}
	how.heading, how.names = at+1, rows[at].Cells
	how.at[columnEmail] = email
	named := slices.ContainsFunc([]int{columnName, columnFull, columnDisplay, columnFirst, columnLast}, func(column int) bool { return how.at[column] >= 0 })
	for i := range names {
		switch {
		case slices.Contains(how.at[:], i):
		case how.at[columnRole] < 0 && held(i, func(cell string) bool { _, ok := namedRole(cell, ""); return ok }):
			how.at[columnRole] = i
		case !named && how.at[columnName] < 0 && held(i, func(cell string) bool { return !strings.ContainsAny(cell, "@0123456789/:_") }):
			how.at[columnName] = i
		}
	}
	return how, true
}

// columnsInOrder is the order of columns that are not named: behind or around the addresses the name, the role and the message. A
// message is sent, so a wide table has none. Two columns before the addresses are a name and a role, or two halves of a name.
func columnsInOrder(rows []sheet.Row, email int) reading {
	how := noColumns()
	wide := 0
	for _, row := range rows {
		wide = max(wide, len(row.Cells))
	}
	var others []int
	for i := range max(wide, 5) {
		if i != email {
			others = append(others, i)
		}
	}
	how.at[columnEmail], how.at[columnName], how.at[columnRole] = email, others[0], others[1]
	switch {
	case email >= 2 && !looksLikeRoles(rows, others[1]):
		how.at[columnFirst], how.at[columnLast], how.at[columnName], how.at[columnRole] = others[0], others[1], -1, -1
		if holdsRole(rows, others[2]) {
			how.at[columnRole] = others[2]
		}
	case wide <= 4:
		how.at[columnMessage] = others[2]
	}
	return how
}

// holdsRole tells whether a column has a role in it.
func holdsRole(rows []sheet.Row, at int) bool {
	return slices.ContainsFunc(rows[:min(len(rows), cellsLooked)], func(row sheet.Row) bool {
		if at >= len(row.Cells) || row.Cells[at] == "" {
			return false
		}
		_, ok := namedRole(row.Cells[at], "")
		return ok
	})
}

// looksLikeRoles tells whether a column has a role in it, or the same words again and again.
func looksLikeRoles(rows []sheet.Row, at int) bool {
	different, all := map[string]bool{}, 0
	for _, row := range rows[:min(len(rows), cellsLooked)] {
		if at < len(row.Cells) && row.Cells[at] != "" {
			different[wordKey(row.Cells[at])] = true
			all++
		}
	}
	return holdsRole(rows, at) || 2*len(different) <= all
}

// isAddress tells whether a cell holds an address, and nothing but its name.
func isAddress(cell string) bool {
	if !strings.ContainsAny(cell, "@＠") {
		return false
	}
	found := mail.ParseList(cell)
	return len(found) == 1 && found[0].Err == nil
}

// cut keeps so many characters.
func cut(s string, kept int) string {
	if runes := []rune(s); len(runes) > kept {
		return string(runes[:kept])
	}
	return s
}
