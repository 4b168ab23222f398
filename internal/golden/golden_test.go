package golden_test

import (
	"testing"

	"roster/internal/golden"
)

func TestLinesHaveOneTagEach(t *testing.T) {
	const page = `<!doctype html><p class="a
	b">Hello   <b>you</b>
</p><img src="/static/icons.0a1b2c3d.svg"><textarea> two
 lines </textarea><hx-partial hx-target="#x"><tr id=e1><td>&lt;</td></tr></hx-partial>`
	const want = `<!doctype html>
<p class="a b">
  Hello
  <b>
    you
  </b>
</p>
<img src="/static/icons.svg">
<textarea>
  | two
| lines 
</textarea>
<hx-partial hx-target="#x">
  <tr id=e1>
    <td>
      &lt;
    </td>
  </tr>
</hx-partial>
`
	if got := golden.Lines(page); got != want {
		t.Errorf("Lines gives\n%s\nwant\n%s", got, want)
	}
}
