package roster

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/sheet"
)

// ColumnKind is what a column of a file may hold.
type ColumnKind struct{ Key, Label string }

// ColumnKinds are all of them.
var ColumnKinds = [columns]ColumnKind{
	columnEmail: {"email", "E-mail address"}, columnUser: {"user", "User name"}, columnName: {"name", "Name, or a part of it"}, columnFull: {"full", "Full name"}, columnDisplay: {"display", "Display name"},
	columnFirst: {"first", "First name"}, columnLast: {"last", "Last name"}, columnRole: {"role", "Role"}, columnStatus: {"status", "Status, such as active or suspended"}, columnGone: {"gone", "Yes, if somebody is gone"},
	columnHere: {"here", "No, if somebody is gone"}, columnGoneAt: {"gone_at", "When somebody left"}, columnMessage: {"message", "Message to the person"},
}

// ImportColumns is a file as it was read, to say which column is which.
type ImportColumns struct {
	ID      string
	File    string
	Heading int // the number of the row that names the columns; 0 if none does
	Rows    []sheet.Row
	Columns []ImportColumn
	Until   time.Time
}

// ImportColumn is a column of a file.
type ImportColumn struct {
	Name  string   // as the file has it; "" if it does not name it
	Kind  string   // of ColumnKinds; "" for none
	Cells []string // the first that have something in them
}

// secretWords are headings of columns that are not kept with a draft.
var secretWords = words("Password, Passwords, Initial password, Temporary password, Passcode, PIN, Secret, Token, Passwort, Kennwort, Mot de passe, Contraseña, Clave, Parola d'ordine, Senha, Palavra-passe, Wachtwoord, Hasło, Lösenord, Adgangskode, Passord, Salasana, Heslo, Şifre, Parola, Jelszó, Пароль, パスワード, 密码, 密碼, 비밀번호, 암호")

// row is the number of the row that names the columns.
func (r reading) row(cells []sheet.Row) int {
	if r.heading == 0 {
		return 0
	}
	return cells[r.heading-1].N
}

// called is what a file calls a column.
func (r reading) called(column int) string {
	if at := r.at[column]; at < len(r.names) && r.names[at] != "" {
		return r.names[at]
	}
	return ColumnKinds[column].Label
}

// keep spells the cells of a file, and how they are read, for keeping.
func (r reading) keep(rows []sheet.Row) (cells, layout []byte, err error) {
	secret := map[int]bool{}
	for _, row := range rows[:min(len(rows), headingsLooked)] {
		for i, cell := range row.Cells {
			secret[i] = secret[i] || secretWords[wordKey(cell)]
		}
	}
	kept := make([]sheet.Row, len(rows))
	for k, row := range rows {
		kept[k] = sheet.Row{N: row.N, Cells: slices.Clone(row.Cells)}
		for i, cell := range row.Cells {
			if secret[i] && !secretWords[wordKey(cell)] {
				kept[k].Cells[i] = ""
			}
		}
	}
	at := map[string]int{}
	for column, i := range r.at {
		if i >= 0 {
			at[ColumnKinds[column].Key] = i
		}
	}
	if cells, err = json.Marshal(kept); err != nil {
		return nil, nil, fmt.Errorf("spell a file: %w", err)
	}
	if layout, err = json.Marshal(at); err != nil {
		return nil, nil, fmt.Errorf("spell the columns of a file: %w", err)
	}
	return cells, layout, nil
}

// keptFile is the file of a draft.
type keptFile struct {
	rosterdb.GetImportCellsRow
	rows []sheet.Row
	at   map[string]int
	wide int
}

// readKept reads the file of a draft of the actor's.
func (r *Roster) readKept(ctx context.Context, a Actor, id string) (keptFile, error) {
	parsed, ok := publicid.Import.Parse(id)
	if !ok {
		return keptFile{}, fault.Missing()
	}
	found, err := r.db.Read(a.org.ID).GetImportCells(ctx, rosterdb.GetImportCellsParams{OrgID: a.org.ID, ImportID: parsed, ActorID: a.person.ID})
	if err != nil {
		return keptFile{}, err
	}
	if len(found) == 0 {
		return keptFile{}, fault.Missing()
	}
	file := keptFile{GetImportCellsRow: found[0]}
	if err := json.Unmarshal(file.Cells, &file.rows); err != nil {
		return keptFile{}, fmt.Errorf("read a file that was kept: %w", err)
	}
	if err := json.Unmarshal(file.Layout, &file.at); err != nil {
		return keptFile{}, fmt.Errorf("read the columns of a file that was kept: %w", err)
	}
	if len(file.rows) == 0 {
		return keptFile{}, fault.New(fault.Conflict, "The columns of this file are not kept. Bring it again.")
	}
	for _, row := range file.rows {
		file.wide = max(file.wide, len(row.Cells))
	}
	return file, nil
}

// examples is how many cells of a column are shown.
const examples = 4

// ImportColumns shows the file of a draft of the actor's: which column was read as what.
func (r *Roster) ImportColumns(ctx context.Context, a Actor, id string) (ImportColumns, error) {
	file, err := r.readKept(ctx, a, id)
	if err != nil {
		return ImportColumns{}, wrap("read the columns of a file", err)
	}
	shown := ImportColumns{ID: id, File: file.File, Heading: int(file.Heading), Rows: file.rows[:min(len(file.rows), headingsLooked)], Columns: make([]ImportColumn, file.wide), Until: file.CreatedAt.Add(importKept)}
	for key, i := range file.at {
		if i >= 0 && i < file.wide {
			shown.Columns[i].Kind = key
		}
	}
	for _, row := range file.rows {
		for i, cell := range row.Cells {
			column := &shown.Columns[i]
			switch {
			case row.N == shown.Heading:
				column.Name = cut(cell, nameKept)
			case row.N > shown.Heading && cell != "" && len(column.Cells) < examples:
				column.Cells = append(column.Cells, cut(cell, 80))
			}
		}
	}
	return shown, nil
}

// ReadColumns reads the file of a draft otherwise: by the row that names its columns, if one does, and by what each column
// holds. It makes a draft of its own, so that nothing is lost of what was corrected in the other one.
func (r *Roster) ReadColumns(ctx context.Context, a Actor, id string, heading int, kinds map[int]string) (string, error) {
	file, err := r.readKept(ctx, a, id)
	if err != nil {
		return "", wrap("read the columns of a file", err)
	}
	var wrong fault.Form
	how := noColumns()
	if heading != 0 {
		at := slices.IndexFunc(file.rows[:min(len(file.rows), headingsLooked)], func(row sheet.Row) bool { return row.N == heading })
		if at < 0 {
			wrong.Add("heading", "Choose one of the rows in the list.")
		} else {
			how.heading, how.names = at+1, file.rows[at].Cells
		}
	}
	for _, i := range slices.Sorted(maps.Keys(kinds)) {
		if kinds[i] == "" || i < 0 || i >= file.wide {
			continue
		}
		field := fmt.Sprintf("column-%d", i)
		switch column := slices.IndexFunc(ColumnKinds[:], func(k ColumnKind) bool { return k.Key == kinds[i] }); {
		case column < 0:
			wrong.Add(field, "Choose one of the list.")
		case how.at[column] >= 0:
			wrong.Add(field, fmt.Sprintf("Two columns are “%s”. Choose one of them.", ColumnKinds[column].Label))
		default:
			how.at[column] = i
		}
	}
	if how.at[columnEmail] < 0 {
		wrong.Add("column-0", "Choose which column has the e-mail addresses.")
	}
	if err := wrong.Err(); err != nil {
		return "", err
	}
	rows, err := how.read(file.rows)
	if f, ok := fault.As(err); ok {
		wrong.Add("heading", cmp.Or(strings.TrimSpace(f.Error()), "Choose another row."))
		return "", wrong.Err()
	} else if err != nil {
		return "", err
	}
	made, err := r.makeDraft(ctx, a, newDraft{file.File, role.Role(file.Otherwise), time.Duration(file.LifeSeconds * float64(time.Second)), file.rows, how, rows})
	return made, wrap("read a file otherwise", err)
}
