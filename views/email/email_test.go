package email

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"roster/internal/golden"
	"roster/internal/mail"
)

const base = "https://roster.example"

var (
	palmer = mail.Organization{ID: "0190a1b2-0000-7000-8000-000000000001", Name: "Palmer Rail", Slug: "palmer-rail"}
	acme   = mail.Organization{ID: "0190a1b2-0000-7000-8000-000000000002", Name: "Acme Robotics", Slug: "acme-robotics"}
	ruth   = mail.Person{Name: "Ruth Palmer", Email: "ruth@palmer-rail.example"}
	mara   = mail.Person{Name: "Mara Lindqvist", Email: "mara@acme.example"}
	at     = time.Date(2026, time.March, 17, 10, 41, 0, 0, time.FixedZone("CET", 3600))
	until  = time.Date(2026, time.March, 23, 16, 30, 0, 0, time.UTC)
)

// letters is one of each kind, and the other shapes that some of them have.
func letters() map[string]mail.Letter {
	return map[string]mail.Letter{
		"invitation": mail.Invitation{
			To: "mara@acme.example", Organization: palmer, Inviter: ruth, ID: "0190a1b2-0000-7000-8000-000000000003",
			Role: "Member", Explanation: "you can see the other members and the resources you are given.",
			Message: "Hi Mara, this is where we keep the depot rosters. Have a look before Thursday’s call.\nRuth",
			Expires: until, Token: "EXAMPLE-TOKEN",
		},
		"invitation_bare": mail.Invitation{
			To: "mara@acme.example", Organization: palmer, Inviter: mail.Person{Email: ruth.Email},
			ID: "0190a1b2-0000-7000-8000-000000000003", Expires: until, Token: "EXAMPLE-TOKEN",
		},
		"address_code": mail.AddressCode{
			To: "mara@acme.example", Organization: palmer, ID: "0190a1b2-0000-7000-8000-000000000003", Expires: until, Code: "481620",
		},
		"role_changed": mail.RoleChanged{
			To: "mara@acme.example", Organization: acme, From: "Member", Role: "Admin", By: mail.Person{Name: "Tomás Herrera", Email: "tomas@acme.example"},
			At: at, News: []string{"invite people and revoke invitations", "change roles below Admin", "suspend and remove members"},
		},
		"role_changed_less": mail.RoleChanged{
			To: "mara@acme.example", Organization: acme, Role: "Guest", At: at, Explanation: "you can see what is shared with you",
		},
		"job_ended": mail.JobEnded{To: "mara@acme.example", Organization: acme, Job: "job_01kp0q1v2efrz8r2q0h8xk3c5a", Title: "Suspend 120 members", Text: "118 suspended, 2 skipped", At: at},
		"removed":   mail.Removed{To: "mara@acme.example", Organization: acme, At: at},
		"removed_by": mail.Removed{
			To: "mara@acme.example", Organization: acme, At: at, By: mail.Person{Name: "Tomás Herrera"}, Ask: mara,
			Note: "Thank you for four years.",
		},
		"invitation_accepted": mail.InvitationAccepted{
			To: ruth.Email, Organization: palmer, Who: mara, Invited: "mara@kestrel.example", Role: "Member", Member: "mem_01jexample", At: at,
		},
		"invitation_declined": mail.InvitationDeclined{To: ruth.Email, Organization: palmer, Email: mara.Email, Role: "Admin", At: at},
		"invitation_declined_blocked": mail.InvitationDeclined{
			To: ruth.Email, Organization: palmer, Email: mara.Email, Role: "Admin", At: at, Blocked: true,
		},
		"invitation_asked_again": mail.InvitationAskedAgain{
			To: ruth.Email, Organization: palmer, Email: mara.Email, Other: "mara.l@kestrel.example", Role: "Member", Invitation: "inv_01jexample", Expired: until, At: at,
		},
		"invitation_reminder": mail.InvitationReminder{
			To: "mara@acme.example", Organization: palmer, Inviter: ruth, ID: "0190a1b2-0000-7000-8000-000000000003",
			Role: "Member", Explanation: "you can see the other members", Expires: until, Sending: 1, Token: "EXAMPLE-TOKEN",
		},
		"invitation_expired": mail.InvitationExpired{
			To: ruth.Email, Organization: palmer, Invitations: []mail.ExpiredInvitation{{Email: mara.Email, Role: "Member", Invitation: "inv_01jexample"}},
		},
		"invitation_expired_many": mail.InvitationExpired{
			To: ruth.Email, Organization: palmer, More: 12,
			Invitations: []mail.ExpiredInvitation{{Email: mara.Email, Role: "Member", Invitation: "inv_01jexample"}, {Email: "lin@acme.example", Role: "Admin", Invitation: "inv_01jexample2"}},
		},
		"invitation_bounced": mail.InvitationBounced{
			To: ruth.Email, Organization: palmer, Email: "mara@acme.exmaple", Role: "Member", Why: "the domain takes no mail", Invitation: "inv_01jexample", At: at,
		},
		"request_made": mail.RequestMade{To: ruth.Email, Organization: palmer, Who: mara, Request: "req_01jexample", At: at, Until: until},
		"request_made_invite": mail.RequestMade{
			To: ruth.Email, Organization: palmer, Who: mara, Invite: "jonas@kestrel.example", Request: "req_01jexample", At: at, Until: until,
		},
		"request_accepted": mail.RequestAccepted{To: mara.Email, Organization: palmer, Role: "Member", Explanation: "you can see the other members", At: at},
		"request_declined": mail.RequestDeclined{To: mara.Email, Organization: palmer, At: at},
		"request_declined_invite": mail.RequestDeclined{
			To: mara.Email, Organization: palmer, Invite: "jonas@kestrel.example", Reason: "Jonas works for another company now.", At: at,
		},
		"confirm_address": mail.ConfirmAddress{
			To: "Mara@acme.example", Name: "Mara Lindqvist", ID: "0190a1b2-0000-7000-8000-000000000004", Asked: "Firefox on macOS", Expires: until, Token: "EXAMPLE-TOKEN",
		},
		"already_registered": mail.AlreadyRegistered{To: mara.Email, Name: mara.Name, Asked: "Firefox on macOS", At: at},
		"reset_password": mail.ResetPassword{
			To: mara.Email, Name: mara.Name, ID: "0190a1b2-0000-7000-8000-000000000005", Asked: "Firefox on macOS", Expires: until, Token: "EXAMPLE-TOKEN",
		},
		"password_changed": mail.PasswordChanged{To: mara.Email, Name: mara.Name, Asked: "Firefox on macOS", At: at},
	}
}

func render(t *testing.T, l mail.Letter) mail.Rendered {
	t.Helper()
	r, err := Render(l, base)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Every letter is read in review in both forms: golden/<letter>.html and golden/<letter>.txt, the text below its subject.
func TestLettersAsTheyAreRead(t *testing.T) {
	for name, l := range letters() {
		t.Run(name, func(t *testing.T) {
			r := render(t, l)
			golden.Check(t, name, templ.Raw(r.HTML))
			checkText(t, name, "Subject: "+r.Subject+"\n\n"+r.Text)
		})
	}
}

func checkText(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("golden", name+".txt")
	if flag.Lookup("update").Value.String() == "true" {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read the golden file (run with -update to write it): %v", err)
	}
	if string(want) != got {
		t.Errorf("%s differs. got:\n%s\nwant:\n%s", file, got, want)
	}
}

func TestSubjects(t *testing.T) {
	subjects := map[string]string{
		"invitation":              "Ruth Palmer invited you to Palmer Rail",
		"invitation_bare":         "ruth@palmer-rail.example invited you to Palmer Rail",
		"address_code":            "Your code for Roster: 481 620",
		"role_changed":            "You are now an Admin in Acme Robotics",
		"role_changed_less":       "You are now a Guest in Acme Robotics",
		"removed":                 "You no longer have access to Acme Robotics",
		"invitation_accepted":     "Mara Lindqvist joined Palmer Rail",
		"invitation_declined":     "mara@acme.example declined your invitation to Palmer Rail",
		"invitation_asked_again":  "mara@acme.example asks for a new invitation to Palmer Rail",
		"invitation_reminder":     "Your invitation to Palmer Rail ends soon",
		"invitation_expired":      "Your invitation of mara@acme.example to Palmer Rail has expired",
		"invitation_expired_many": "14 of your invitations to Palmer Rail have expired",
		"invitation_bounced":      "Your invitation to mara@acme.exmaple was not delivered",
		"request_made":            "Mara Lindqvist asks to join Palmer Rail",
		"request_made_invite":     "Mara Lindqvist asks you to invite somebody to Palmer Rail",
		"request_accepted":        "You joined Palmer Rail",
		"request_declined":        "Your request to join Palmer Rail was declined",
		"confirm_address":         "Confirm your e-mail address for Roster",
		"already_registered":      "You already have an account for Roster",
		"reset_password":          "Choose a new password for Roster",
		"password_changed":        "Your Roster password was changed",
	}
	for name, want := range subjects {
		if got := render(t, letters()[name]).Subject; got != want {
			t.Errorf("subject of %s is %q, want %q", name, got, want)
		}
	}
}

// What every letter owes its reader, whatever it is about.
func TestEveryLetterIsCompleteInBothForms(t *testing.T) {
	for name, l := range letters() {
		t.Run(name, func(t *testing.T) {
			r := render(t, l)
			page := parse(t, r.HTML)

			if len(page.titles) != 1 || page.titles[0] == "" {
				t.Errorf("titles are %q, want one", page.titles)
			}
			for _, tag := range []string{"img", "script", "link", "iframe", "form", "svg"} {
				if page.tags[tag] > 0 {
					t.Errorf("holds <%s>", tag)
				}
			}
			if page.buttons > 1 {
				t.Errorf("has %d buttons, want one at most", page.buttons)
			}
			for _, href := range page.hrefs {
				if !strings.HasPrefix(href, base+"/") {
					t.Errorf("links to %q, which is not this installation", href)
				}
				if !strings.Contains(r.Text, href) {
					t.Errorf("text form lacks the address %q", href)
				}
				if page.buttons > 0 && !strings.Contains(page.text, href) && !strings.HasSuffix(href, "/report") {
					t.Errorf("HTML form does not write out the address %q", href)
				}
			}
			for form, words := range map[string]string{"HTML": page.text, "text": r.Text} {
				if !strings.Contains(words, "roster.example") || !strings.Contains(words, "Sent ") {
					t.Errorf("%s form does not say where it comes from and why", form)
				}
				if strings.ContainsAny(words, "!") || strings.Contains(strings.ToLower(words), "please") {
					t.Errorf("%s form is not in our words", form)
				}
			}
			for line := range strings.SplitSeq(r.Text, "\n") {
				if len([]rune(line)) > textWidth && !strings.HasPrefix(line, base) {
					t.Errorf("line of %d characters: %q", len([]rune(line)), line)
				}
			}
		})
	}
}

// C060 I65: a name is a name and the message is a message, whatever is written into them.
func TestNamesCannotSmuggleTextIntoLetters(t *testing.T) {
	hostile := []string{
		"Free money at https://evil.example/now",
		"WWW.evil.example",
		"evil.com/pay",
		"xn--evil-9za.com",
		"mail boss@evil.com",
		"A\r\nBcc: victim@evil.com\r\n\r\nNew body",
		"<script>alert(1)</script><a href=\"//evil.com\">Roster</a>",
		"\u202egro.live\u202c\u2066x\u2069",
		"=?utf-8?B?RXZpbA==?=",
		"“ onmouseover=x \x00\x1b[31m",
		strings.Repeat("very long ", 500),
	}
	for _, name := range hostile {
		message := name
		if strings.Contains(name, "@") {
			message = "" // in somebody's own words an e-mail address is not a web address
		}
		org := mail.Organization{ID: palmer.ID, Name: name, Slug: "palmer-rail"}
		person := mail.Person{Name: name, Email: "ruth@palmer-rail.example"}
		for _, l := range []mail.Letter{
			mail.Invitation{To: mara.Email, Organization: org, Inviter: person, ID: palmer.ID, Role: name, Explanation: name, Message: message, Expires: until, Token: "T"},
			mail.RoleChanged{To: mara.Email, Organization: org, From: name, Role: name, By: person, At: at, News: []string{name}},
			mail.RoleChanged{To: mara.Email, Organization: org, Role: name, At: at, Explanation: name},
			mail.Removed{To: mara.Email, Organization: org, By: person, Ask: person, At: at, Note: message},
			mail.JobEnded{To: mara.Email, Organization: org, Job: "job_1", Title: name, Text: name, At: at},
			mail.InvitationAccepted{To: ruth.Email, Organization: org, Who: person, Invited: name, Role: name, Member: "mem_1", At: at},
			mail.InvitationDeclined{To: ruth.Email, Organization: org, Email: name, Role: name, At: at},
			mail.InvitationAskedAgain{To: ruth.Email, Organization: org, Email: name, Other: name, Role: name, Invitation: "inv_1", At: at},
			mail.InvitationReminder{To: mara.Email, Organization: org, Inviter: person, ID: palmer.ID, Role: name, Explanation: name, Expires: until, Token: "T"},
			mail.InvitationExpired{To: ruth.Email, Organization: org, Invitations: []mail.ExpiredInvitation{{Email: name, Role: name}}},
			mail.InvitationBounced{To: ruth.Email, Organization: org, Email: name, Role: name, Why: name, Invitation: "inv_1", At: at},
			mail.RequestMade{To: ruth.Email, Organization: org, Who: person, Invite: name, Request: "req_1", At: at, Until: until},
			mail.RequestAccepted{To: mara.Email, Organization: org, Role: name, Explanation: name, At: at},
			mail.RequestDeclined{To: mara.Email, Organization: org, Invite: name, Reason: message, At: at},
			mail.AddressCode{To: mara.Email, Organization: org, ID: palmer.ID, Expires: until, Code: "123456"},
			mail.ConfirmAddress{To: mara.Email, Name: name, Asked: name, ID: palmer.ID, Expires: until, Token: "T"},
			mail.AlreadyRegistered{To: mara.Email, Name: name, Asked: name, At: at},
			mail.ResetPassword{To: mara.Email, Name: name, Asked: name, ID: palmer.ID, Expires: until, Token: "T"},
			mail.PasswordChanged{To: mara.Email, Name: name, Asked: name, At: at},
		} {
			r := render(t, l)
			page := parse(t, r.HTML)
			if strings.ContainsAny(r.Subject, "\r\n\x00\x1b\u202e\u2066") || strings.Contains(r.Subject, "=?") || len([]rune(r.Subject)) > 200 {
				t.Errorf("%s, named %.40q: subject %q", l.Kind(), name, r.Subject)
			}
			for form, words := range map[string]string{"subject": r.Subject, "HTML": page.text, "text": r.Text} {
				lower := strings.ToLower(words)
				for _, trap := range []string{"evil.com", "evil.example", "https://evil", "www.evil", "9za.com", "boss@", "\u202e", "\u2066", "\x1b", "\r"} {
					if strings.Contains(lower, trap) {
						t.Errorf("%s, named %.40q: %s holds %q", l.Kind(), name, form, trap)
					}
				}
			}
			if page.tags["script"] > 0 {
				t.Errorf("%s, named %.40q: markup passed", l.Kind(), name)
			}
			for _, href := range page.hrefs {
				if !strings.HasPrefix(href, base+"/") {
					t.Errorf("%s, named %.40q: links to %q", l.Kind(), name, href)
				}
			}
			if len(r.Text) > 4000 {
				t.Errorf("%s, named %.40q: text form has %d bytes", l.Kind(), name, len(r.Text))
			}
		}
	}
}

func TestLettersAreRefusedWithoutAPublicAddress(t *testing.T) {
	for _, base := range []string{"", "roster.example", "ftp://roster.example", "javascript:alert(1)"} {
		if r, err := Render(letters()["removed"], base); err == nil {
			t.Errorf("rendered for base %q: %q", base, r.Subject)
		}
	}
}

func TestLinksStayBelowThePublicAddress(t *testing.T) {
	r, err := Render(mail.Invitation{
		To: mara.Email, Organization: palmer, Inviter: ruth, ID: palmer.ID, Expires: until, Token: "../a b?c#d",
	}, "https://example.com/roster/")
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://example.com/roster/invitations/..%2Fa%20b%3Fc%23d\n"; !strings.Contains(r.Text, want) {
		t.Errorf("text lacks %q:\n%s", want, r.Text)
	}
}

func TestArticles(t *testing.T) {
	for role, want := range map[string]string{
		"Admin": "an Admin", "Member": "a Member", "Owner": "an Owner", "Editor": "an Editor", "User manager": "a User manager",
		"Observer": "an Observer", "European lead": "a European lead", "Über": "an Über", "": "a member", "7": "a 7",
	} {
		if got := as(role); got != want {
			t.Errorf("as(%q) is %q, want %q", role, got, want)
		}
	}
}

type page struct {
	titles  []string
	text    string
	hrefs   []string
	buttons int
	tags    map[string]int
}

func parse(t *testing.T, s string) page {
	t.Helper()
	p := page{tags: map[string]int{}}
	var text strings.Builder
	z := html.NewTokenizer(strings.NewReader(s))
	in := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			p.text = text.String()
			return p
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			p.tags[token.Data]++
			in = token.Data
			for _, a := range token.Attr {
				if a.Key == "href" {
					p.hrefs = append(p.hrefs, a.Val)
				}
				if a.Key == "class" && a.Val == "btn" {
					p.buttons++
				}
				if strings.HasPrefix(a.Key, "on") {
					t.Errorf("attribute %s", a.Key)
				}
			}
		case html.EndTagToken:
			in = ""
		case html.TextToken:
			switch words := string(z.Text()); in {
			case "title":
				p.titles = append(p.titles, words)
			case "style":
			default:
				text.WriteString(html.UnescapeString(words))
			}
		}
	}
}
