package layout

import "roster/views/ui"

// shortcut is one line of the list of keys.
type shortcut struct {
	does string
	keys []string
}

// keys are the shortcuts that lead somewhere on this page. Shortcuts of the page's own controls (search, invite) are
// listed wherever one is inside an organization.
func keys(p Page) []shortcut {
	list := []shortcut{{"Search", []string{"/"}}, {"This list", []string{"?"}}, {"Switch organization", []string{"s"}}}
	if p.Org == nil {
		return append(list, shortcut{"Organization 1 to 9", []string{"g", "1–9"}})
	}
	list = append(list, shortcut{"Overview", []string{"g", "o"}})
	if p.Org.MaySeeMembers {
		list = append(list, shortcut{"Members", []string{"g", "m"}})
	}
	if p.Org.MaySeeInvitations {
		list = append(list, shortcut{"Invitations", []string{"g", "i"}})
	}
	if p.Org.MayInvite {
		list = append(list, shortcut{"Invite people", []string{"c"}})
	}
	return append(list, shortcut{"Organization 1 to 9, in your order", []string{"g", "1–9"}})
}

func navLabel(p Page) string {
	if p.Org != nil {
		return p.Org.Name
	}
	return "Roster"
}

func allOrgs(p Page) string {
	if p.MoreOrgs {
		return "All your organizations, with search"
	}
	return "All your organizations"
}

func undoLabel(u *UndoForm) string {
	if u.Label != "" {
		return u.Label
	}
	return "Undo"
}

// noticeRole: bad news interrupts, good news waits its turn.
func noticeRole(n *Notice) string {
	if n.tone() == ui.Danger {
		return "alert"
	}
	return "status"
}
