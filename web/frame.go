package web

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/views/layout"
	"roster/views/paths"
	"roster/views/ui"
)

// frame is what stands around a page: of the organization that was entered, or of the person alone. It
// takes the carried notice. Only outside an organization it asks the database; what goes wrong there is
// answered by page.
func (s *Server) frame(c echo.Context, title, section string) layout.Page {
	r := c.Request()
	v := visitOf(r.Context())
	if v.person != nil && v.frame == nil && v.unframed == nil && !wantsPiece(r) {
		frame, err := s.roster.Frame(r.Context(), v.person.ID)
		v.frame, v.unframed = &frame, err
	}
	p := s.knownFrame(r)
	p.Title, p.Section, p.Notice = title, section, s.heard(c)
	p.Live = v.actor != nil && isSafe(r) // the same address answers with the same page again
	return p
}

// knownFrame is the frame as far as the request has found it out: it asks nobody, and serves errors too.
func (s *Server) knownFrame(r *http.Request) layout.Page {
	v := visitOf(r.Context())
	p := layout.Page{Now: v.began, Site: s.site(), Shortcuts: true, MayCreate: true}
	if v.person == nil {
		return p
	}
	p.Theme, p.Shortcuts, p.Person = theme(v.person), v.person.Shortcuts, s.who(v)
	current := account.RecordOf(r.Context()).Organization()
	if v.actor != nil {
		current = v.actor.Organization().ID
		p.Org = orgOf(*v.actor)
	}
	if v.frame != nil {
		p.MoreOrgs = v.frame.More
		for _, o := range v.frame.Organizations {
			p.Orgs = append(p.Orgs, orgItem(o, current))
		}
		for _, i := range v.frame.Invitations {
			p.Invitations = append(p.Invitations, layout.InvitationItem{URL: paths.Offer(i.ID), OrgName: i.OrgName,
				Initials: ui.Initials(i.OrgName), Hue: ui.Hue(publicid.Organization.Of(i.OrgID))})
		}
	}
	return p
}

// door is the frame of logging in and signing up.
func (s *Server) door(c echo.Context, title string) layout.DoorPage {
	p := layout.DoorPage{Title: title, Site: s.site(), Notice: s.heard(c)}
	if person := visitOf(c.Request().Context()).person; person != nil {
		p.Theme = theme(person)
	}
	return p
}

// focus is the frame of a page with one thing to decide.
func (s *Server) focus(c echo.Context, title string) layout.FocusPage {
	v := visitOf(c.Request().Context())
	p := layout.FocusPage{Title: title, Site: s.site(), Notice: s.heard(c), NoIndex: v.secret}
	if v.person != nil {
		p.Theme, p.Person = theme(v.person), s.who(v)
	}
	if v.actor != nil {
		p.OrgID = v.actor.Organization().PublicID()
	}
	return p
}

// now is the time of the request: one clock for everything on a page.
func (s *Server) now(c echo.Context) time.Time { return visitOf(c.Request().Context()).began }

// marks are what every form in a page carries: which organization and whose page it is of.
func (s *Server) marks(c echo.Context) (org, person string) {
	v := visitOf(c.Request().Context())
	if v.actor != nil {
		org = v.actor.Organization().PublicID()
	}
	if v.person != nil {
		person = s.pageMark(v)
	}
	return org, person
}

func theme(p *account.Person) string {
	if p.Theme == "system" {
		return ""
	}
	return p.Theme
}

// who is the person whose page it is.
func (s *Server) who(v *visit) *layout.Person {
	p := v.person
	return &layout.Person{Name: p.Name, Email: p.Email, Mark: s.pageMark(v), Initials: ui.Initials(p.Name), Hue: ui.Hue(publicid.Person.Of(p.ID))}
}

func orgOf(a roster.Actor) *layout.Org {
	o := a.Organization()
	return &layout.Org{ID: o.PublicID(), Slug: o.Slug, Name: o.Name, RoleLabel: role.Highest(a.Roles()).Label(),
		Initials: ui.Initials(o.Name), Hue: ui.Hue(o.PublicID()), Members: o.Members, Invitations: o.OpenInvitations, Requests: o.OpenRequests,
		MaySeeRequests: a.May(role.RequestsDecide), MaySeeMembers: a.May(role.MembersRead), MaySeeInvitations: a.May(role.InvitationsRead), MayInvite: a.May(role.InvitationsCreate)}
}

// A mark is a person's id and name, sealed: it says nothing to a browser, is the same for all pages of that
// person, and tells us who opened a page, so that the words can name them. The seal is SIV: the tag of what
// is inside is also what it is encrypted with.
const (
	markTag  = 16
	markName = 40 // bytes of the name that travel along
)

// renderedBy stands between a person's mark and the request that made the page.
const renderedBy = "."

// pageMark is the mark as it stands in one page: whose it is, and by which request it was made. So a form of one page
// is told from the same form of the next.
func (s *Server) pageMark(v *visit) string { return s.mark(*v.person) + renderedBy + v.id }

// mark seals a person into the mark of their pages.
func (s *Server) mark(p account.Person) string {
	name := p.Name
	for len(name) > markName || !utf8.ValidString(name) {
		name = name[:min(len(name)-1, markName)]
	}
	inside := append(p.ID[:], name...)
	tag := s.markSeal(inside)
	return base64.RawURLEncoding.EncodeToString(append(tag, s.markTurn(tag, inside)...))
}

// readMark is who a page was made for; zero if no page of ours has that mark.
func (s *Server) readMark(mark string) (uuid.UUID, string) {
	mark, _, _ = strings.Cut(mark, renderedBy)
	sealed, ok := unspell(mark)
	if !ok || len(sealed) < markTag+16 || len(sealed) > markTag+16+markName {
		return uuid.Nil, ""
	}
	inside := s.markTurn(sealed[:markTag], sealed[markTag:])
	if !hmac.Equal(sealed[:markTag], s.markSeal(inside)) {
		return uuid.Nil, ""
	}
	return uuid.UUID(inside[:16]), string(inside[16:])
}

// unspell reads bytes in the one spelling in which they are written here; base64 has others, with line ends or other
// bits at the end.
func unspell(text string) ([]byte, bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	return raw, err == nil && base64.RawURLEncoding.EncodeToString(raw) == text
}

func (s *Server) markSeal(inside []byte) []byte {
	h := hmac.New(sha256.New, s.markKey)
	h.Write(inside)
	return h.Sum(nil)[:markTag]
}

func (s *Server) markTurn(tag, in []byte) []byte {
	out := make([]byte, len(in))
	cipher.NewCTR(s.markBlock, tag[:aes.BlockSize]).XORKeyStream(out, in)
	return out
}
