package main

import (
	"strings"
	"testing"

	"roster/internal/browsertest"
	"roster/internal/rostertest"
)

// In a browser: a link is made, with its code; whoever has it logs in and asks; somebody accepts, and they are inside. Where
// nobody decides, one press is enough. C057 C058
func TestJoiningByAShareLink(t *testing.T) {
	eitherWay(t, func(t *testing.T, script bool) {
		w := rostertest.New(t)
		s := serveWorld(t, w)
		ann := s.enter(t, "Ann Owner", w.Ann.Email, script)
		ann.Open("/orgs/acme/invitations")
		ann.Follow("Share links")
		ann.Tick("People ask, and somebody decides Each request waits under Requests until somebody accepts or declines it.")
		ann.Press("Make a link")
		ann.See("Copy it now")
		link := strings.TrimPrefix(ann.Value("Link"), s.url)
		ann.Axe()

		zoe := s.enter(t, "Zoe Elsewhere", w.Zoe.Email, script)
		zoe.Open(link)
		zoe.Fill("Note", "From the depot.")
		zoe.Press("Ask to join")
		zoe.See("You asked to join on", "From the depot.")
		ann.Open("/orgs/acme/requests")
		ann.SeeIn("Zoe Elsewhere", "From the depot.", "Asks to join")
		ann.Choose("Role for Zoe Elsewhere", "Viewer")
		ann.PressIn("Zoe Elsewhere", "Accept the request of Zoe Elsewhere")
		ann.See("Zoe Elsewhere is now a Viewer.")
		zoe.Reload()
		zoe.See("You are already in Acme as a Viewer.")
		zoe.Follow("Open Acme")
		zoe.At("/orgs/acme")

		mo := w.Person(t, "Mo Late", "mo@late.example")
		ann.Open("/orgs/acme/invitations/links")
		ann.Press("Make a link")
		link = strings.TrimPrefix(ann.Value("Link"), s.url)
		late := s.person(t, mo.Name, mo.Email, browsertest.Options{Script: script})
		late.Open(link)
		late.Follow("Log in to join")
		late.logIn(rostertest.Password)
		late.Press("Join Acme")
		late.See("You joined Acme as a Member.")
	})
}
