package mail_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"roster/internal/mail"
)

// C160: letters that would be mailed can be read, newest first, also after a restart.
func TestMailboxKeepsLetters(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data", "mail")
	box, err := mail.OpenMailbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	if kept, err := box.List(); err != nil || len(kept) != 0 {
		t.Fatalf("new mailbox holds %v, %v", kept, err)
	}
	for i := range 3 {
		m := message(t, fmt.Sprintf("person%d@acme.example", i), hello)
		if err := box.Send(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}

	again, err := mail.OpenMailbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := again.List()
	if err != nil || len(kept) != 3 {
		t.Fatalf("holds %d, %v", len(kept), err)
	}
	for i, k := range kept {
		if want := fmt.Sprintf("person%d@acme.example", 2-i); k.To != want {
			t.Errorf("letter %d is to %s, want %s", i, k.To, want)
		}
	}
	got, err := again.Get(kept[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if got != kept[0] || got.Subject != hello.Subject || got.Text != hello.Text || got.HTML != hello.HTML || got.At.IsZero() ||
		got.From != "Röster <no-reply@example.com>" || got.MessageID != "stable-id@roster.example" {
		t.Errorf("kept as %+v", got)
	}

	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("directory is open to others: %v, %v", info.Mode(), err)
	}
	info, err = os.Stat(filepath.Join(dir, kept[0].ID+".json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("letter is open to others: %v, %v", info.Mode(), err)
	}
}

func TestMailboxKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	box, err := mail.OpenMailbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	m := message(t, "mara@acme.example", hello)
	for i := range 520 {
		m.Subject = fmt.Sprint(i)
		if err := box.Send(context.Background(), m); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := box.List()
	if err != nil || len(kept) != 500 || kept[0].Subject != "519" || kept[499].Subject != "20" {
		t.Fatalf("holds %d, %v", len(kept), err)
	}
}

func TestMailboxTakesLettersAtOnce(t *testing.T) {
	box, err := mail.OpenMailbox(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	m := message(t, "mara@acme.example", hello)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if err := box.Send(context.Background(), m); err != nil {
				t.Error(err)
			}
			if _, err := box.List(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if kept, err := box.List(); err != nil || len(kept) != 20 {
		t.Errorf("holds %d, %v", len(kept), err)
	}
}

// The name of a letter comes from a URL.
func TestMailboxGivesOnlyLetters(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "mail")
	box, err := mail.OpenMailbox(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{filepath.Join(root, "key.json"), filepath.Join(dir, "20260317T094100.000000000-damaged.json"), filepath.Join(dir, "notes.json"), filepath.Join(dir, "20260317T094100.000000000-x.json.part")} {
		if err := os.WriteFile(file, []byte(`{"ID": "`), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range []string{"", ".", "..", "../key", "notes", "/etc/passwd", "20260317T094100.000000000-damaged", "20260317T094100.000000000-gone", "20260317T094100.000000000-x/../../key", "\x00"} {
		if _, err := box.Get(id); !errors.Is(err, mail.ErrNotKept) {
			t.Errorf("Get(%q): %v", id, err)
		}
	}
	if kept, err := box.List(); err != nil || len(kept) != 0 {
		t.Errorf("lists %v, %v", kept, err)
	}
}
