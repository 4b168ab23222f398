package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"strings"
	"unicode"

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

// submission names one filled-in form: the same page, as it was made for one person at one time, the same address,
// and the same in every field. If that comes again it is the same press. Of a form without such a mark nothing can be
// said; what htmx says of the page in its headers is no mark of a form, for a page outlives the rows in it.
func submission(r *http.Request) uuid.UUID {
	mark := r.PostForm.Get("_person")
	if isSafe(r) || !strings.Contains(mark, renderedBy) {
		return uuid.Nil
	}
	h := hmac.New(sha256.New, []byte(mark))
	fields := strings.ReplaceAll(r.PostForm.Encode(), "%0D%0A", "%0A") // “Send again” may spell an end of line anew
	fmt.Fprintf(h, "%s %s\n%s", r.Method, r.URL.RequestURI(), fields)
	return uuid.UUID(h.Sum(nil)[:16])
}

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
	if to == "" || to[0] != '/' || strings.HasPrefix(to, "//") || len(to) > 2000 || strings.ContainsFunc(to, unicode.IsControl) || !plainText(to) {
		return false
	}
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" {
		return false
	}
	decoded := u.Path
	for range 3 { // written as %2f, as %252f, …
		if strings.Contains(decoded, `\`) || strings.HasPrefix(decoded, "//") || strings.ContainsFunc(decoded, unicode.IsControl) || !plainText(decoded) ||
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
var unsaid = []string{"password", "new_password", "current_password", "code", fileField, fileDigest, "_org", "_person"}

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
