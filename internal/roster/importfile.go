package roster

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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

// The columns of a file, in their order if it does not name them.
const (
	columnEmail = iota
	columnName
	columnRole
	columnMessage
	columnFirst // of a name
	columnLast
	columns
)

// columnNames are what a first row calls the columns, as Roster does and as other programs do; in small letters, without
// what stands between words.
var columnNames = map[string]int{
	"email": columnEmail, "mail": columnEmail, "emailaddress": columnEmail, "mailaddress": columnEmail, "workemail": columnEmail, "useremail": columnEmail, "primaryemail": columnEmail,
	"name": columnName, "fullname": columnName, "displayname": columnName, "username": columnName,
	"firstname": columnFirst, "givenname": columnFirst, "lastname": columnLast, "familyname": columnLast, "surname": columnLast,
	"role": columnRole, "roles": columnRole, "orgrole": columnRole,
	"message": columnMessage,
}

// parseImport reads a file of people to invite.
func parseImport(data []byte) ([]ImportRow, error) {
	if len(data) > ImportBytesMax {
		return nil, notRead("The file is larger than 1 MB. Split it into several files.")
	}
	rows, err := sheet.Read(data, ImportRowsMax+2) // its first row may name the columns, and one more is too many
	var unreadable sheet.Unreadable
	switch {
	case errors.As(err, &unreadable):
		return nil, notRead(unreadable.Error())
	case err != nil:
		return nil, err
	}
	where, named := header(rows[0].Cells)
	if named {
		rows = rows[1:]
	} else if where, err = unnamed(rows); err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, notRead("The file names its columns, and has no rows below.")
	}
	if len(rows) > ImportRowsMax {
		return nil, notRead("The file has more than 5,000 rows. Split it into several files.")
	}
	list := make([]ImportRow, len(rows))
	for i, row := range rows {
		cell := func(column, kept int) string {
			if at := where[column]; at >= 0 && at < len(row.Cells) {
				return cut(sheet.Unplain(row.Cells[at]), kept)
			}
			return ""
		}
		name := cell(columnName, nameKept)
		if name == "" {
			name = cut(strings.TrimSpace(cell(columnFirst, nameKept)+" "+cell(columnLast, nameKept)), nameKept)
		}
		list[i] = ImportRow{N: row.N, Email: cell(columnEmail, emailKept), Name: name, Role: cell(columnRole, roleKept), Message: cell(columnMessage, messageKept)}
	}
	return list, nil
}

func notRead(sentence string) error {
	return &fault.Fault{Kind: fault.Invalid, Fields: []fault.Field{{Name: "file", Message: sentence}}}
}

// header finds the columns by what a first row calls them, in whatever order. It is one if it names an e-mail column.
func header(cells []string) (where [columns]int, ok bool) {
	for i := range where {
		where[i] = -1
	}
	for i, cell := range cells {
		cell, _, _ = strings.Cut(strings.ToLower(cell), "[") // "First Name [Required]"
		column, known := columnNames[strings.NewReplacer(" ", "", "-", "", "_", "", ".", "").Replace(cell)]
		if known && where[column] < 0 {
			where[column] = i
		}
	}
	return where, where[columnEmail] >= 0
}

// unnamed finds the columns of rows that do not name them: the first with an address in it, and the others in their order.
func unnamed(rows []sheet.Row) (where [columns]int, err error) {
	email := -1
	for _, row := range rows[:min(len(rows), 20)] {
		if email = slices.IndexFunc(row.Cells, isAddress); email >= 0 {
			break
		}
	}
	if email < 0 {
		n := len(rows[0].Cells)
		words := fmt.Sprintf("%d columns", n)
		if n == 1 {
			words = "1 column"
		}
		return where, notRead(fmt.Sprintf("Row %d has %s. We need at least an e-mail column. Is it separated by something other than , ; or tab?", rows[0].N, words))
	}
	for i := range where {
		where[i] = -1
	}
	where[columnEmail] = email
	at := 0
	for _, column := range []int{columnName, columnRole, columnMessage} {
		if at == email {
			at++
		}
		where[column] = at
		at++
	}
	return where, nil
}

func isAddress(cell string) bool {
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
