package web

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/internal/roster"
	"roster/views/invitations"
	"roster/views/layout"
	"roster/views/paths"
)

// changeInvitationsTogether asks first: three lists of what would become of each. Confirmed, it is done; if other
// invitations match meanwhile, it asks again.
func (s *Server) changeInvitationsTogether(c echo.Context, a roster.Actor) error {
	ctx, shown := c.Request().Context(), shownList(c, a)
	seen, _ := strconv.Atoi(field(c, "seen")) // what is none matches nothing
	ask := roster.Together{Act: field(c, "do"), IDs: c.Request().PostForm["invitation"], All: ticked(c, "all"), List: shown, Seen: seen}
	if chosen := field(c, "chosen"); chosen != "" {
		ask.IDs = strings.Fields(chosen)
	}
	if !ticked(c, "confirmed") {
		return s.askTogether(c, a, ask, "")
	}
	several, err := s.roster.ChangeTogether(ctx, a, ask)
	if f, ok := fault.As(err); ok && f.Kind == fault.Conflict {
		return s.askTogether(c, a, ask, f.Error())
	}
	if err != nil {
		return err
	}
	if several.Job != "" {
		return s.goTo(c, paths.Job(a.Organization().Slug, several.Job))
	}
	notice := layout.Notice{Kind: "ok", Text: invitations.TogetherWords(several)}
	if several.Undo != "" {
		notice.Undo = s.undoInvitation(c, a, several.Undo)
	}
	open := several.Open
	if len(several.Done) == 0 {
		open = -1
	}
	place, list := s.invitationPlace(c, a), invitations.Of(shown)
	return s.done(c, Done{To: list.URL(place.Slug), Notice: notice, Pieces: s.relisted(c, a, shown, func(list invitations.List) templ.Component {
		return invitations.Together(place, several, list, open)
	})})
}

// askTogether is the question, with what has changed since it was asked.
func (s *Server) askTogether(c echo.Context, a roster.Actor, ask roster.Together, note string) error {
	several, err := s.roster.JudgeTogether(c.Request().Context(), a, ask)
	if err != nil {
		return err
	}
	if now := several.Chosen(); ask.All && now != ask.Seen && note == "" {
		note = roster.NowMatch(now).Error()
	}
	q := invitations.Question{Several: several, List: invitations.Of(ask.List), All: ask.All, Note: note}
	frame, place := s.frame(c, "Invitations", "invitations"), s.invitationPlace(c, a)
	frame.Narrow = true
	return s.page(c, Page{Document: invitations.AskPage(frame, place, q), Piece: invitations.Ask(place, q), Target: "#dialog"})
}

// undoneTogether tells that invitations are open again that were revoked together.
func (s *Server) undoneTogether(c echo.Context, a roster.Actor, undone roster.Undone) error {
	place, shown := s.invitationPlace(c, a), shownList(c, a)
	return s.done(c, Done{To: invitations.Of(shown).URL(place.Slug), Notice: layout.Notice{Kind: "ok", Text: undone.Text},
		Pieces: s.relisted(c, a, shown, func(list invitations.List) templ.Component {
			return invitations.TogetherUndone(place, undone.Text, list, undone.Open)
		})})
}

// relisted shows the list anew with what was done to it; a plain form is led to it, and reads none here.
func (s *Server) relisted(c echo.Context, a roster.Actor, shown roster.InvitationList, piece func(invitations.List) templ.Component) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		list, err := s.invitationList(c, a, shown)
		if err != nil {
			return err
		}
		return piece(list).Render(ctx, w)
	})
}
