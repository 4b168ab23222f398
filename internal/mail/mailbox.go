package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// mailboxMax is how many letters the development mailbox keeps.
const mailboxMax = 500

// ErrNotKept says that the mailbox has no such letter, or no longer.
var ErrNotKept = errors.New("letter is not kept")

// Mailbox keeps letters instead of mailing them, so that Roster can be tried out where there is no mail server. They
// lie open in a directory: it is for development mode only.
type Mailbox struct {
	dir string
	mu  sync.Mutex // one writer at a time; readers see whole files only
}

// Kept is a letter in the mailbox.
type Kept struct {
	ID        string
	At        time.Time
	MessageID string
	From, To  string
	Subject   string
	Text      string
	HTML      string
}

// OpenMailbox opens the mailbox in a directory, and makes the directory if there is none.
func OpenMailbox(dir string) (*Mailbox, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open mailbox: %w", err)
	}
	return &Mailbox{dir: dir}, nil
}

// keptID is the name of a letter's file: when it came, so that names sort as letters do, and the start of its
// Message-ID.
var keptID = regexp.MustCompile(`^\d{8}T\d{6}\.\d{9}-[a-z0-9]{1,16}$`)

var notNameRE = regexp.MustCompile(`[^a-z0-9]+`)

// Send keeps a letter, and drops the oldest when there are too many.
func (b *Mailbox) Send(_ context.Context, m Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()

	now := time.Now().UTC()
	mark := notNameRE.ReplaceAllString(strings.ToLower(m.ID), "")
	id := now.Format("20060102T150405.000000000") + "-" + (mark + "x")[:min(16, len(mark)+1)]
	data, err := json.MarshalIndent(Kept{
		ID: id, At: now, MessageID: m.ID, From: fmt.Sprintf("%s <%s>", m.FromName, m.From), To: m.To,
		Subject: m.Subject, Text: m.Text, HTML: m.HTML,
	}, "", "  ")
	if err != nil {
		return fmt.Errorf("keep letter: %w", err)
	}
	if err := writeWhole(filepath.Join(b.dir, id+".json"), data); err != nil {
		return fmt.Errorf("keep letter: %w", err)
	}
	return b.trim()
}

// writeWhole writes a file so that nobody ever reads half of it.
func writeWhole(path string, data []byte) error {
	if err := os.WriteFile(path+".part", data, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".part", path)
}

func (b *Mailbox) trim() error {
	ids, err := b.ids()
	if err != nil {
		return err
	}
	for _, id := range ids[min(len(ids), mailboxMax):] {
		if err := os.Remove(filepath.Join(b.dir, id+".json")); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("drop oldest letter: %w", err)
		}
	}
	return nil
}

// ids names the letters, newest first.
func (b *Mailbox) ids() ([]string, error) {
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		return nil, fmt.Errorf("look into mailbox: %w", err)
	}
	var ids []string
	for _, entry := range entries {
		if id, ok := strings.CutSuffix(entry.Name(), ".json"); ok && keptID.MatchString(id) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	slices.Reverse(ids)
	return ids, nil
}

// List gives the letters, newest first.
func (b *Mailbox) List() ([]Kept, error) {
	ids, err := b.ids()
	if err != nil {
		return nil, err
	}
	letters := make([]Kept, 0, len(ids))
	for _, id := range ids {
		kept, err := b.Get(id)
		if errors.Is(err, ErrNotKept) {
			continue // dropped or damaged since the directory was read
		}
		if err != nil {
			return nil, err
		}
		letters = append(letters, kept)
	}
	return letters, nil
}

// Get gives one letter, or ErrNotKept.
func (b *Mailbox) Get(id string) (Kept, error) {
	if !keptID.MatchString(id) {
		return Kept{}, ErrNotKept
	}
	data, err := os.ReadFile(filepath.Join(b.dir, id+".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return Kept{}, ErrNotKept
	}
	if err != nil {
		return Kept{}, fmt.Errorf("read kept letter: %w", err)
	}
	var kept Kept
	if err := json.Unmarshal(data, &kept); err != nil || kept.ID != id {
		return Kept{}, ErrNotKept
	}
	return kept, nil
}
