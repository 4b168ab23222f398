// Package devmail shows the development mailbox: the letters that a mail server would have been given, while Roster is
// tried out on one's own machine.
package devmail

import (
	"regexp"
	"strings"
	"time"

	"roster/views/layout"
)

// Frame is what both pages need around them.
type Frame struct {
	Now  time.Time
	Site layout.Site
}

// Item is one letter in the list.
type Item struct {
	ID, To, Subject string
	At              time.Time
}

// Letter is one letter to be read.
type Letter struct {
	ID, Subject, From, To string
	At                    time.Time
	Text                  string
}

// piece is a stretch of text, or an address in it that can be followed.
type piece struct {
	text string
	link bool
}

var linkRE = regexp.MustCompile(`https?://[^\s<>"]*[^\s<>".,;:)!?]`)

// pieces takes a letter's text apart, so that its links can be followed here as in a mail program.
func pieces(text string) []piece {
	var found []piece
	at := 0
	for _, span := range linkRE.FindAllStringIndex(text, -1) {
		if span[0] > at {
			found = append(found, piece{text: text[at:span[0]]})
		}
		found = append(found, piece{text[span[0]:span[1]], true})
		at = span[1]
	}
	if at < len(text) {
		found = append(found, piece{text: text[at:]})
	}
	return found
}

// Framed is a letter's HTML for the frame of its page. Its links open outside of the frame, in which the site does not
// let itself be shown.
func Framed(html string) string {
	return strings.Replace(html, "<head>", `<head><base target="_blank">`, 1)
}

// FramePolicy is the content security policy of what Framed gives: styles, and nothing that runs or is fetched.
const FramePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; sandbox allow-popups allow-popups-to-escape-sandbox"
