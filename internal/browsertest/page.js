// How a person finds things on a page: by what can be read and by what a control is called, never by class or id. The
// tests ask through the developer tools, so it works where the page itself may not run any script.
(() => {
  const squeeze = text => text.replace(/[\s ]+/g, ' ').trim();

  // Behind an open dialog nothing can be reached.
  const modal = () => [...document.querySelectorAll('dialog:modal')].at(-1) ?? document.body;

  // An element for screen readers alone is there, and not to be seen.
  const tiny = e => {
    const s = getComputedStyle(e);
    return (s.position === 'absolute' || s.position === 'fixed') && (e.offsetWidth <= 1 || e.offsetHeight <= 1) && s.overflow !== 'visible';
  };
  const shown = e => e.isConnected && e.checkVisibility({ visibilityProperty: true });

  // words reads an element: as the eye does, or as a name is made for a screen reader.
  function words(root, forEye) {
    let text = '';
    const walk = n => {
      if (n.nodeType === Node.TEXT_NODE) { text += n.data; return; }
      if (n.nodeType !== Node.ELEMENT_NODE || /^(script|style|template|noscript|svg|select|option|datalist)$/.test(n.localName)) return;
      if (n.localName === 'br') { text += ' '; return; }
      if (!shown(n) && getComputedStyle(n).display !== 'contents') return;
      if (forEye ? n !== root && tiny(n) : n.getAttribute('aria-hidden') === 'true') return;
      const inline = /^(inline|contents)$/.test(getComputedStyle(n).display) || tiny(n);
      if (!inline) text += ' ';
      n.childNodes.forEach(walk);
      if (!inline) text += ' ';
    };
    walk(root);
    return forEye ? squeeze(text) : squeeze(text).replace(/ ([,.])/g, '$1');
  }

  function name(e) {
    const by = e.getAttribute('aria-labelledby');
    if (by) return squeeze(by.split(/\s+/).map(id => document.getElementById(id)?.textContent ?? '').join(' '));
    if (e.getAttribute('aria-label')) return squeeze(e.getAttribute('aria-label'));
    if (e.labels?.length) return squeeze([...e.labels].map(l => words(l, false) || squeeze(l.textContent)).join(' '));
    if (e.localName === 'input' && /^(submit|button|reset)$/.test(e.type)) return squeeze(e.value);
    return words(e, false);
  }

  const role = e => e.getAttribute('role') ?? ({ a: 'link', button: 'button', summary: 'disclosure', select: 'select', textarea: 'field', dialog: 'dialog' }[e.localName]
    ?? (/^h[1-6]$/.test(e.localName) ? 'heading' : e.localName === 'input' ? (/^(checkbox|radio)$/.test(e.type) ? e.type : 'field') : e.localName));

  const kinds = {
    link: 'a[href], area[href]',
    button: 'button, summary, input[type=submit], input[type=button], [role=button]',
    field: 'input:not([type=hidden]):not([type=checkbox]):not([type=radio]), textarea',
    select: 'select',
    box: 'input[type=checkbox], input[type=radio]',
  };

  // called tells whether a control has this name: all of it, or what of it can be seen, or without the number of a
  // link that counts, or a label without its "(optional)".
  const called = (e, wanted) => {
    const whole = name(e);
    return whole === wanted || whole.replace(/ (\(optional\)|[\d,]+\+?)$/, '') === wanted || words(e, true) === wanted
      || [...(e.labels ?? [])].some(l => words(l, true) === wanted || squeeze(l.querySelector('strong')?.textContent ?? '') === wanted);
  };

  // find gives the one visible control of a kind with this name. Several links to one place are one.
  function find(kind, wanted, within) {
    const part = within ? landmark(within) : modal();
    if (!part) return { why: `no row, section or note says “${within}”` };
    const there = [...part.querySelectorAll(kinds[kind])].filter(shown);
    let found = there.filter(e => called(e, wanted));
    if (found.length > 1) { const exact = found.filter(e => name(e) === wanted); if (exact.length) found = exact; }
    if (found.length > 1 && kind === 'link' && found.every(e => e.href === found[0].href)) found = [found[0]];
    if (found.length === 1) return { e: found[0] };
    if (found.length > 1) return { why: `${found.length} of kind ${kind} are called “${wanted}”: ${found.map(name).join(' | ')}` };
    return { why: `no ${kind} is called “${wanted}”; there are: ${there.map(name).filter(Boolean).join(' | ')}` };
  }

  // The place to press: in the middle of an element, which is brought into view and must not be covered.
  function place(e) {
    let r = e.getClientRects()[0];
    if (!r) return { why: 'it has no size' };
    if (r.top < 0 || r.left < 0 || r.bottom > innerHeight || r.right > innerWidth) {
      e.scrollIntoView({ block: 'center', inline: 'nearest', behavior: 'instant' });
      r = e.getClientRects()[0];
    }
    const x = r.left + r.width / 2, y = r.top + Math.min(r.height, 200) / 2;
    const hit = document.elementFromPoint(x, y);
    if (hit && (e === hit || e.contains(hit) || [...(e.labels ?? [])].some(l => l.contains(hit)))) return { x, y };
    return { why: `it is covered by ${hit ? hit.localName + '.' + hit.className + ' “' + words(hit, true).slice(0, 60) + '”' : 'nothing that can be pressed'}` };
  }

  const landmark = wanted => {
    const found = [...modal().querySelectorAll('tr, li, section, aside, nav, form, article, [role=alert], [role=status], dt, .card')].filter(shown)
      .filter(e => words(e, true).includes(wanted) || squeeze(e.textContent).includes(wanted));
    return found.filter(e => e.localName === 'tr' || e.localName === 'li').at(0) ?? found.at(-1);
  };

  const chosen = s => squeeze(s.selectedOptions[0]?.textContent ?? '');

  return {
    // For pressing and filling: where it is, or why not.
    press(kind, wanted, within) {
      const { e, why } = find(kind, wanted, within);
      if (!e) return { why };
      if (e.getAttribute('aria-disabled') === 'true' || e.disabled) return { why: `“${wanted}” is disabled` };
      const at = place(kind === 'box' && !e.getClientRects().length ? e.labels[0] : e);
      if (at.why) return { why: `“${wanted}” cannot be pressed: ${at.why}` };
      if (!document.awaited) document.addEventListener('click', c => { document.awaited.came ||= [...document.awaited.on].some(e => c.composedPath().includes(e)); }, true);
      document.awaited = { on: [e, ...(e.labels ?? [])], came: false };
      return at;
    },
    // Whether the click that followed went elsewhere. A page that may run no script does not hear of clicks.
    missed() { return { text: document.awaited && !document.awaited.came && self.origin !== 'null' ? 'yes' : '' }; },
    focus(kind, wanted) {
      const { e, why } = find(kind, wanted);
      if (!e) return { why };
      e.focus();
      if (kind === 'field') e.select();
      return document.activeElement === e ? {} : { why: `“${wanted}” does not take the focus` };
    },
    value(kind, wanted) {
      const { e, why } = find(kind, wanted);
      return e ? { text: kind === 'select' ? chosen(e) : kind === 'box' ? String(e.checked) : e.value } : { why };
    },
    choose(wanted, option) {
      const { e, why } = find('select', wanted);
      if (!e) return { why };
      const o = [...e.options].find(o => squeeze(o.textContent) === option && !o.disabled);
      if (!o) return { why: `“${wanted}” offers ${[...e.options].map(o => squeeze(o.textContent)).join(' | ')}, not “${option}”` };
      e.focus();
      e.value = o.value;
      e.dispatchEvent(new Event('input', { bubbles: true }));
      e.dispatchEvent(new Event('change', { bubbles: true }));
      return {};
    },
    options(wanted) {
      const { e, why } = find('select', wanted);
      return e ? { list: [...e.options].filter(o => !o.disabled).map(o => squeeze(o.textContent)) } : { why };
    },
    // As a program would that does not care what the field allows.
    force(wanted, value) {
      const { e, why } = find('field', wanted);
      if (!e) return { why };
      for (const a of ['maxlength', 'minlength', 'required', 'pattern', 'readonly']) e.removeAttribute(a);
      if (e.type === 'email') e.type = 'text';
      e.value = value;
      return {};
    },
    names(kind) { return { list: [...modal().querySelectorAll(kinds[kind])].filter(shown).map(name) }; },
    read() { return { text: words(document.body, true) }; },
    row(wanted) {
      const e = landmark(wanted);
      if (!e) return { why: `no row, section or note says “${wanted}”` };
      return { text: squeeze(words(e, true) + ' ' + [...e.querySelectorAll('select')].filter(shown).map(chosen).join(' ')) };
    },
    said() { return { text: squeeze([...document.querySelectorAll('[role=status],[role=alert],[aria-live=polite]')].map(e => words(e, false)).join(' ')) }; },
    focused() {
      const e = document.activeElement;
      if (!e || e === document.body) return { text: '' };
      return { text: `${role(e)} ${name(e).slice(0, 120)}`.trim() };
    },
    // Whether what has the focus can be seen: it is in the window, not under something else, and has a ring.
    focusShown() {
      const e = document.activeElement;
      if (!e || e === document.body) return { why: 'nothing has the focus' };
      const r = e.getBoundingClientRect(), s = getComputedStyle(e);
      if (r.bottom <= 0 || r.right <= 0 || r.top >= innerHeight || r.left >= innerWidth) return { why: 'it is outside the window' };
      if (!e.matches(':focus-visible')) return { why: 'it does not match :focus-visible' };
      const ring = [e, e.parentElement, ...e.querySelectorAll('*')].some(n => { const t = getComputedStyle(n); return (t.outlineStyle !== 'none' && parseFloat(t.outlineWidth) > 0) || t.boxShadow !== 'none'; });
      return ring || s.outlineStyle !== 'none' ? {} : { why: 'it has no ring' };
    },
    ready() {
      return { text: document.readyState === 'complete' && document.fonts.status === 'loaded' ? 'yes' : '' };
    },
    sideways() {
      const wide = document.scrollingElement.scrollWidth, window = document.documentElement.clientWidth;
      if (wide <= window) return {};
      const who = [...document.body.querySelectorAll('*')].filter(e => shown(e) && e.getBoundingClientRect().right > window + 0.5)
        .filter(e => !e.parentElement.closest('[class]') || e.parentElement.getBoundingClientRect().right <= window + 0.5).slice(0, 4);
      return { why: `the page is ${wide} wide in a window of ${window}: ${who.map(e => e.localName + (e.className ? '.' + String(e.className.baseVal ?? e.className).replaceAll(' ', '.') : '')).join(', ')}` };
    },
  };
})()
