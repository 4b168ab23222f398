// Package fault has the kinds of failure that people are told about. A fault carries a whole sentence for
// them; every other error is for operators and becomes "something went wrong".
package fault

import (
	"errors"
	"time"
)

// Kind says what sort of failure it is; web turns it into a status.
type Kind int

// The kinds, with the status that a page answers.
const (
	Invalid     Kind = iota + 1 // 422: a form, with a sentence per field
	Malformed                   // 400: nothing that a page of ours sends
	LoggedOut                   // 401
	Forbidden                   // 403: may not, and here is whom to ask
	NotFound                    // 404: is not there, or is none of their business
	LostAccess                  // 404: was a member once, and is told so
	Conflict                    // 409: nothing was changed, something else had changed before
	Gone                        // 410
	TooMany                     // 429: come back after a while
	Unavailable                 // 503
	ReadOnly                    // 503: it can be looked at and not changed, for now
)

// Fault is a failure with words for people.
type Fault struct {
	Kind    Kind
	Message string        // a whole sentence
	Fields  []Field       // Invalid: what is wrong, in the order of the form
	After   time.Duration // TooMany, Unavailable: when to come back
	Crowded bool          // Unavailable: it is there, and has more to do at once than it can
	Subject string        // LostAccess: the organization's name
}

// Field is one thing wrong in a form; Name is the field's, "" the form's as a whole.
type Field struct{ Name, Message string }

// Error is the sentence; of a form, the first one.
func (f *Fault) Error() string {
	if f.Message == "" && len(f.Fields) > 0 {
		return f.Fields[0].Message
	}
	return f.Message
}

// New makes a fault of a kind with its sentence.
func New(kind Kind, message string) *Fault { return &Fault{Kind: kind, Message: message} }

// Missing is the answer for what does not exist and for what is somebody else's: the same.
func Missing() *Fault {
	return New(NotFound, "We cannot find that page. It may not exist, or this account may not have access.")
}

// Wait asks to come back later.
func Wait(message string, after time.Duration) *Fault {
	return &Fault{Kind: TooMany, Message: message, After: after}
}

// Busy is the answer where all that is needed is there and at work for others.
func Busy(message string) *Fault {
	return &Fault{Kind: Unavailable, Message: message, Crowded: true}
}

// As finds the fault in err, if there is one.
func As(err error) (*Fault, bool) {
	var f *Fault
	ok := errors.As(err, &f)
	return f, ok
}

// Is tells whether err is a fault of this kind.
func Is(err error, kind Kind) bool {
	f, ok := As(err)
	return ok && f.Kind == kind
}

// Form collects what is wrong in a form.
type Form struct{ fields []Field }

// Add notes a sentence for a field; the first one of each field stays.
func (f *Form) Add(name, message string) {
	for _, have := range f.fields {
		if have.Name == name {
			return
		}
	}
	f.fields = append(f.fields, Field{name, message})
}

// Err is the fault, or nil if nothing is wrong.
func (f *Form) Err() error {
	if len(f.fields) == 0 {
		return nil
	}
	return &Fault{Kind: Invalid, Fields: f.fields}
}
