package web_test

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
)

// dress gives the rows of a list what the script gives them (dress in app.js, which the tests in a browser try): a form
// to choose the role, and the entries of the menu. The links that do the same without script stay. A piece
// without its page is left as it is. What htmx says in headers of whose page it is, the forms here say in
// fields; they are no mark of one form either.
func dress(doc *html.Node) {
	parts := first(doc, func(n *html.Node) bool { return is(n, "id", "row-parts") })
	body := first(doc, func(n *html.Node) bool { return n.Data == "body" })
	org, _ := attribute(body, "data-org")
	person, _ := attribute(body, "data-user")
	person, _, _ = strings.Cut(person, ".")
	if parts == nil {
		return
	}
	parts.Parent.RemoveChild(parts) // what waits in a template is not on the page
	if person == "" {
		return
	}
	marked := func(form *html.Node) *html.Node {
		for name, value := range map[string]string{"_org": org, "_person": person} {
			form.AppendChild(&html.Node{Type: html.ElementNode, Data: "input", Attr: []html.Attribute{{Key: "type", Val: "hidden"}, {Key: "name", Val: name}, {Key: "value", Val: value}}})
		}
		return form
	}
	var rows []*html.Node
	for n := range doc.Descendants() {
		if _, has := attribute(n, "data-menu"); has {
			rows = append(rows, n.Parent)
		}
	}
	for _, row := range rows {
		at, _ := attribute(first(row, func(n *html.Node) bool { return is(n, "class", "person__name") }), "href")
		if link := first(row, func(n *html.Node) bool { _, has := attribute(n, "data-roles"); return has }); link != nil {
			to, _ := attribute(link, "href")
			to, _, _ = strings.Cut(to, "?")
			roles, _ := attribute(link, "data-roles")
			form := marked(clone(first(parts, func(n *html.Node) bool { return n.Data == "form" })))
			setAttrs(form, "action", to, "hx-post", to)
			for _, o := range slices.Collect(form.Descendants()) {
				switch value, _ := attribute(o, "value"); {
				case o.Data != "option":
				case !slices.Contains(strings.Fields(roles), value):
					o.Parent.RemoveChild(o)
				case words(o) == words(link):
					setAttrs(o, "selected", "")
				}
			}
			link.Parent.InsertBefore(form, link.NextSibling)
		}
		cell := first(row, func(n *html.Node) bool { _, has := attribute(n, "data-menu"); return has })
		acts, _ := attribute(cell, "data-menu")
		for n := range parts.Descendants() {
			act, entry := attribute(n, "data-act")
			if !entry || !slices.Contains(strings.Fields(acts), act) {
				continue
			}
			item := clone(n)
			to, below := attribute(n, "data-to")
			_, asks := attribute(n, "data-asks")
			switch {
			case n.Data == "form":
				setAttrs(marked(item), "action", at+to, "hx-post", at+to)
			case below && asks:
				setAttrs(item, "href", at+to, "hx-get", at+to)
			case below:
				setAttrs(item, "href", at+to)
			}
			cell.AppendChild(item)
		}
	}
}

// first is the first element below n that is looked for, or nil.
func first(n *html.Node, wanted func(*html.Node) bool) *html.Node {
	for d := range n.Descendants() {
		if d.Type == html.ElementNode && wanted(d) {
			return d
		}
	}
	return nil
}

func is(n *html.Node, attr, value string) bool {
	v, has := attribute(n, attr)
	return has && v == value
}

func setAttrs(n *html.Node, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		n.Attr = append(n.Attr, html.Attribute{Key: pairs[i], Val: pairs[i+1]})
	}
}

func clone(n *html.Node) *html.Node {
	copied := &html.Node{Type: n.Type, Data: n.Data, DataAtom: n.DataAtom, Attr: slices.Clone(n.Attr)}
	for c := range n.ChildNodes() {
		copied.AppendChild(clone(c))
	}
	return copied
}
