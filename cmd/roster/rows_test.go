package main

import (
	"fmt"
	"testing"

	"roster/internal/browsertest"
	"roster/internal/rostertest"
)

// C021 C167: on every width of a table, the rows of the members are of one height and no date breaks, whatever people are
// called; and what is said after a change moves nothing.
func TestNothingMovesInTheList(t *testing.T) {
	t.Parallel()
	browsertest.Start(t)
	w := rostertest.New(t)
	w.Crowd(t, 30)
	for _, name := range []string{"Абдуррахман Константинопольский-Заславский", "عبد الرحمن بن محمد آل الشيخ", "Nguyễn Thị Minh Khai Phương Thảo Hoàng", "王小明",
		"Wolfeschlegelsteinhausenbergerdorffwelchevoralternwaren"} {
		w.SQL(t, `UPDATE roster.memberships SET name = $1 WHERE user_id = (SELECT user_id FROM roster.memberships WHERE name LIKE 'Crowd %' LIMIT 1)`, name)
	}
	s := serveWorld(t, w)
	ann := s.enter(t, "Ann Owner", w.Ann.Email, true)
	ann.Open("/orgs/acme/members")
	// The heights of all rows, where they stand and how wide the columns are, as the page tells them.
	const look = `(() => {
		const rows = [...document.querySelectorAll('#rows > tr')];
		const heights = new Set(rows.map(r => Math.round(r.getBoundingClientRect().height)));
		if (heights.size > 1) throw new Error('rows are ' + [...heights].join(', ') + ' pixels high: ' + rows.map(r => Math.round(r.getBoundingClientRect().height) + ' ' + r.innerText.slice(0, 40)).filter(t => !t.startsWith('56')));
		return rows.map(r => Math.round(r.offsetTop)).join() + ' ' + [...document.querySelectorAll('thead th')].map(h => Math.round(h.getBoundingClientRect().width)).join();
	})()`
	widths := []int{768, 800, 1024, 1180, 1280, 1366, 1440, 1536, 1680, 1920}
	for _, width := range widths {
		ann.Resize(width, 900)
		ann.Run(fmt.Sprintf("(window.before ??= {})[%d] = %s", width, look))
		ann.NoSideways()
	}
	ann.setRole("Cem Member", "Viewer")
	ann.SeeIn("cem@acme.example", "Was Member.")
	ann.menu("Ben Admin")
	ann.Follow("Suspend")
	ann.Press("Suspend Ben Admin")
	ann.SeeIn("ben@acme.example", "Was active.")
	for _, width := range widths {
		ann.Resize(width, 900)
		ann.Run(fmt.Sprintf("if (before[%d] !== %s) throw new Error('it moved: ' + before[%d] + ' to ' + %s)", width, look, width, look))
		ann.NoSideways()
	}
}
