package web

import (
	"net/http"
	"net/url"
	"path"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"roster/internal/fault"
	"roster/views/ui"
)

// field is a value of the posted form, without the spaces around it. A field has one value: limits has
// refused the others.
func field(c echo.Context, name string) string { return strings.TrimSpace(verbatim(c, name)) }

// verbatim is a value as it was typed: a password's spaces are part of it.
func verbatim(c echo.Context, name string) string { return c.Request().PostForm.Get(name) }

// ticked tells whether a box was ticked: one that was not is not sent.
func ticked(c echo.Context, name string) bool { return c.Request().PostForm.Has(name) }

// query is a value of the address, without the spaces around it.
func query(c echo.Context, name string) string {
	if c.Request().PostForm.Has(name) {
		return ""
	}
	return strings.TrimSpace(c.Request().Form.Get(name))
}

// submission is the mark of one filled-in form, by which a second press is known; zero if there is none.
func submission(c echo.Context) uuid.UUID {
	id, err := uuid.Parse(verbatim(c, "submission"))
	if err != nil {
		return uuid.Nil
	}
	return id
}

// newSubmission marks an empty form.
func newSubmission() string { return uuid.NewString() }

// next is where to go on to, if that is a page of ours; else "".
func next(c echo.Context) string {
	to := c.Request().Form.Get("next")
	if !localPath(to) {
		return ""
	}
	return to
}

// localPath tells whether an address stays on this site, however a browser reads it: one slash in front,
// no second one and no backslash behind it, also once decoded and cleaned, and nothing invisible.
func localPath(to string) bool {
	if to == "" || to[0] != '/' || len(to) > 2000 || strings.ContainsFunc(to, isControl) || !plainText(to) {
		return false
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return false
	}
	decoded := u.Path
	for range 3 { // written as %2f, as %252f, …
		if strings.Contains(decoded, `\`) || strings.HasPrefix(decoded, "//") || strings.ContainsFunc(decoded, isControl) || !plainText(decoded) ||
			strings.HasPrefix(path.Clean(decoded), "//") || strings.Contains(decoded, "//") {
			return false
		}
		once, err := url.PathUnescape(decoded)
		if err != nil || once == decoded {
			break
		}
		decoded = once
	}
	return true
}

// problems are what is wrong in a form, for its summary and its fields; false if err is something else.
func problems(err error) ([]ui.FieldError, bool) {
	f, ok := fault.As(err)
	if !ok || f.Kind != fault.Invalid {
		return nil, false
	}
	var list []ui.FieldError
	for _, wrong := range f.Fields {
		list = append(list, ui.FieldError{Field: wrong.Name, Text: wrong.Message})
	}
	if len(list) == 0 {
		list = append(list, ui.FieldError{Text: f.Message})
	}
	return list, true
}

// unsaid are the fields that never come back in an answer.
var unsaid = []string{"password", "new_password", "current_password", "code", "_org", "_person"}

// posted are the fields of a form that was not done, to be sent once more.
func posted(r *http.Request) url.Values {
	values := url.Values{}
	for name, list := range r.PostForm {
		values[name] = list
	}
	for _, name := range unsaid {
		values.Del(name)
	}
	return values
}
