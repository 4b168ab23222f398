package main

import (
	"os"
	"path/filepath"
	"testing"

	"roster/internal/rostertest"
)

// C044 C169: a file with errors is brought, refused with the reason, brought again, corrected in place, checked and sent; what
// is wrong stays in the draft. With and without script.
func TestImportWithErrors(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		ann.Open("/orgs/acme/invitations")
		ann.Follow("Import a file")
		ann.Fill("Or paste rows (optional)", "new.one@acme.example|New One\nnew.two@acme.example|New Two")
		ann.Press("Check the file")
		ann.See("There is a problem", "Row 1 has 1 column. We need at least an e-mail column.")
		if got := ann.Value("Or paste rows (optional)"); got != "new.one@acme.example|New One\nnew.two@acme.example|New Two" {
			t.Errorf("of what was pasted %q is left", got)
		}
		file := filepath.Join(t.TempDir(), "starters.csv")
		if err := os.WriteFile(file, []byte("Name;E-mail;Role\nNew One;new.one@acme.example;\nCem;cem@acme.example;\nPetra;petra@acme;\nOlga;olga@acme.example;owner\nStill wrong;nobody@;\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		ann.Attach("file", file)
		ann.Press("Check the file")
		ann.See("Check 5 rows before inviting", "Read from starters.csv. Nothing has been sent yet.", "Did you mean petra@acme.example?", "You cannot give the role Owner by invitation. Choose Admin or lower.",
			"Cem Member is already a member.", "1 invitation is ready. 3 rows with problems will be left out unless you fix them. 1 row is skipped.")
		ann.Fill("E-mail, row 4", "petra@acme.example")
		ann.Choose("Role, row 5", "Admin")
		ann.Press("Send 1 invitation") // what was typed is not sent unseen
		ann.See("You changed rows, so they were checked first.", "3 invitations are ready. 1 row with a problem will be left out unless you fix it.")
		if got := ann.Value("E-mail, row 6"); got != "nobody@" {
			t.Errorf("row 6 has %q", got)
		}
		ann.Fill("E-mail, row 6", "somebody@")
		ann.Press("Check again")
		ann.See("1 row is left to fix.")
		ann.Press("Send 3 invitations")
		ann.See("3 sent")
		ann.Open("/orgs/acme/invitations")
		ann.SeeIn("petra@acme.example", "Pending", "Member")
		ann.SeeIn("olga@acme.example", "Pending", "Admin")
		ann.NotSee("somebody@")
	})
}

// B217 B221 B224 B288: what another system has exported is read: its headings below notes, who is gone is set aside, a word for
// a role is asked about once, and a column that was read wrongly is chosen. With and without script.
func TestImportOfAnExport(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		ann.Open("/orgs/acme/invitations/import")
		ann.Fill("Or paste rows (optional)", "Notes: written on Monday\n\nVorname;Nachname;Status;E-Mail;Zweite Adresse;Rolle\n"+
			"Jana;Vogt;aktiv;jana@home.example;jana@work.example;Praktikant\nUdo;Kern;deaktiviert;udo@home.example;udo@work.example;Mitglied\nIda;Lohr;aktiv;ida@home.example;ida@work.example;Praktikant")
		ann.Press("Check the file")
		ann.See("Check 3 rows before inviting", "Row 3 names its columns.", "The file says “deaktiviert”.", "The file calls 2 people “Praktikant”. Invite them as", "No row is ready.")
		ann.Axe()
		ann.NoSideways()
		ann.Follow("Choose columns")
		ann.See("Choose columns", "Zweite Adresse")
		ann.Axe()
		ann.NoSideways()
		if got := ann.Chosen("Column 4 holds"); got != "E-mail address" {
			t.Errorf("column 4 holds %q", got)
		}
		ann.Choose("Column 5 holds", "E-mail address")
		ann.Press("Read the file so")
		ann.See("There is a problem", "Two columns are “E-mail address”. Choose one of them.")
		ann.Choose("Column 4 holds", "Not used")
		ann.Press("Read the file so")
		ann.See("Check 3 rows before inviting", "Jana Vogt")
		ann.Choose("The file calls 2 people “Praktikant”. Invite them as", "Guest")
		ann.Tick("Invite anyway, row 5")
		ann.Press("Check again")
		ann.See("3 more rows are ready. Nothing is left to fix.")
		ann.Press("Send 3 invitations")
		ann.See("3 sent")
		ann.Open("/orgs/acme/invitations")
		ann.SeeIn("jana@work.example", "Pending", "Guest")
		ann.SeeIn("ida@work.example", "Pending", "Guest")
		ann.SeeIn("udo@work.example", "Pending", "Member")
		ann.NotSee("jana@home.example")
	})
}
