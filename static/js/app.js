'use strict';
// Roster's own script. Every page works without it: it makes the same links and forms smoother, and says aloud what a
// screen shows. No eval, no styles, nothing kept between pages.
(() => {
  const el = id => document.getElementById(id);
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const on = (name, listener, capture) => document.addEventListener(name, listener, capture);
  const shown = e => e.checkVisibility ? e.checkVisibility() : e.offsetParent !== null;

  // say tells screen readers; emptied first, so that the same words are said twice when they happen twice.
  let saying;
  function say(text) {
    const place = el('announce');
    if (!place) return;
    place.textContent = '';
    clearTimeout(saying);
    saying = setTimeout(() => { place.textContent = text; }, 60);
  }

  // ---- htmx ---------------------------------------------------------------------------------------------------------

  // No code in attributes and no scripts in pieces: the policy forbids both, this keeps them from even being reported.
  htmx.registerExtension('app', {
    init(api) { const no = function () { throw new Error('code in attributes is off'); }; api.initSecurity(null, no, no); },
    htmx_before_swap(_, { tasks }) {
      for (const t of tasks) {
        all('script', t.fragment).forEach(s => s.remove());
        dress(t.fragment);
      }
    },
  });

  // htmx 4.0.1 swallows a click with Ctrl, Cmd or Shift on a link it handles; the browser must see it.
  on('click', e => { if ((e.ctrlKey || e.metaKey || e.shiftKey) && e.target.closest?.('a[href]')) e.stopPropagation(); }, true);

  on('htmx:before:request', e => {
    const c = e.detail.ctx;
    (c.busy = c.request.submitter || c.sourceElement).setAttribute('aria-busy', 'true');
    // A menu closes when its entry was pressed, so that the focus is back on its button when a dialog opens.
    const menu = c.sourceElement.closest('.popover[popover]');
    if (menu?.matches(':popover-open')) menu.hidePopover();
  });
  on('htmx:finally:request', e => e.detail.ctx.busy?.removeAttribute('aria-busy'));
  on('htmx:error', e => { // no network, or no answer in time
    if (!e.detail.ctx) return;
    const place = el(el('shell')?.open ? 'dialog-problem' : 'problem');
    place?.replaceChildren(el('no-answer').content.cloneNode(true));
    place?.scrollIntoView({ block: 'nearest' });
  });

  // ---- rows ---------------------------------------------------------------------------------------------------------

  // The rows of a list carry what differs between them. What they share stands once in a template beside them, and each
  // row gets its own before it is shown: the select of a role in place of a link, and the button of the menu.
  const parts = root => (root.querySelector('#row-parts') ?? el('row-parts'))?.content;
  function set(e, values) { for (const name in values) e.setAttribute(name, values[name]); }
  function dress(root) {
    if (!parts(root)) return root;
    const part = name => parts(root).querySelector(name).cloneNode(true);
    for (const cell of all('td[data-menu]:empty', root)) {
      const row = cell.closest('tr'), name = row.querySelector('th a').firstChild.data.trim();
      const link = row.querySelector('[data-roles]'), button = part('button');
      set(button, { id: `more-${row.id}-button`, 'aria-label': 'More about ' + name });
      cell.append(button);
      row.querySelector('.check')?.setAttribute('id', 'pick-' + row.id);
      if (!link) continue;
      const form = part('form'), select = form.elements.role, to = link.getAttribute('href').split('?')[0];
      for (const o of [...select.options]) {
        o.defaultSelected = o.text === link.text.trim();
        if (!link.dataset.roles.split(' ').includes(o.value)) o.remove();
      }
      set(form, { action: to, 'hx-post': to });
      set(select, { id: 'role-' + row.id, 'aria-label': 'Role of ' + name });
      link.replaceWith(form);
    }
    return root;
  }

  // The menu is made for the row whose button opens it.
  on('click', e => {
    const row = e.target.closest?.('[popovertarget=row-menu]')?.closest('tr'), old = el('row-menu');
    if (!row || old?.matches(':popover-open') && old.dataset.of === row.id) return;
    old?.remove();
    const menu = parts(document).querySelector('.popover').cloneNode(true), at = row.querySelector('th a').getAttribute('href');
    const acts = row.querySelector('[data-menu]').dataset.menu.split(' ');
    for (const item of all('[data-act]', menu)) {
      const to = at + item.dataset.to;
      if (!acts.includes(item.dataset.act)) item.remove();
      else if (item.action) set(item, { action: to, 'hx-post': to });
      else if ('to' in item.dataset) set(item, 'asks' in item.dataset ? { href: to, 'hx-get': to } : { href: to });
    }
    menu.dataset.of = row.id;
    el('row-parts').after(menu);
    htmx.process(menu);
  }, true);

  // ---- choices that save themselves ---------------------------------------------------------------------------------

  // A role is sent as soon as it is chosen. Whoever walks through the closed list with the keys rests first, or leaves the
  // field. What still waits when the page is left is sent then, and what is on its way arrives. What was not saved is not
  // shown as if it were.
  const waiting = new Map(); // what to send, by the id of its select
  let key = ''; // that the choice was made with; none by pointer
  on('pointerdown', () => { key = ''; }, true);
  on('keydown', e => { key = e.key; }, true);
  on('change', e => {
    const { id, value, form } = e.target;
    if (!form?.matches('[data-saves]')) return;
    hold(id);
    form.toggleAttribute('data-unsaved', differs(e.target));
    if (differs(e.target)) wait(id, value, ['', 'Enter', 'Tab'].includes(key) ? 0 : 800);
  });
  function hold(id) { clearTimeout(waiting.get(id)?.timer); waiting.delete(id); }
  function wait(id, value, ms) { waiting.set(id, { value, timer: setTimeout(save, ms, id, value) }); }
  function save(id, value) {
    const select = el(id); // the row may have been put anew meanwhile
    hold(id);
    if (!select) return;
    select.value = value;
    if (select.form.matches('[aria-busy=true]')) wait(id, value, 100);
    else if (differs(select)) select.form.requestSubmit();
  }
  on('focusout', e => { if (waiting.has(e.target.id)) save(e.target.id, e.target.value); });
  on('htmx:before:request', e => { if (e.detail.ctx.sourceElement.matches('[data-saves]')) e.detail.ctx.request.keepalive = true; });
  on('htmx:finally:request', e => { // where the row was not put anew, nothing was saved
    const form = e.detail.ctx.sourceElement;
    if (!form.matches('[data-saves]') || waiting.has(form.elements.role.id)) return;
    form.removeAttribute('data-unsaved');
    for (const o of form.elements.role.options) o.selected = o.defaultSelected;
  });
  addEventListener('pagehide', () => waiting.forEach(({ value }, id) => {
    const { form } = el(id), headers = JSON.parse(document.body.getAttribute('hx-headers:inherited'));
    hold(id);
    fetch(form.action, { method: 'POST', body: new URLSearchParams({ ...Object.fromEntries(new FormData(form)), role: value }), headers, keepalive: true, redirect: 'manual' }); // the next page says what was done
  }));

  // ---- dialogs ------------------------------------------------------------------------------------------------------

  on('htmx:after:settle', e => { // a swap into #dialog opens it, an empty one closes it
    if (e.target !== el('dialog')) return;
    if (el('dialog').childElementCount) { if (!el('shell').open) el('shell').showModal(); } else el('shell').close();
  });
  on('close', e => {
    if (e.target !== el('shell')) return;
    el('dialog').replaceChildren();
    el('dialog-problem').replaceChildren();
    if (document.activeElement !== document.body) return;
    [el('list-heading'), el('title'), el('main')].find(e => e && shown(e))?.focus(); // what opened it is gone
  }, true);
  function open(dialog) {
    all('.popover:popover-open').forEach(p => p.hidePopover());
    dialog.showModal();
  }

  // ---- presses ------------------------------------------------------------------------------------------------------

  on('click', e => {
    const press = e.target.closest?.('[data-open],[data-close],[data-dismiss],[data-copy],[data-reveal]');
    if (!press) return;
    const d = press.dataset;
    if (d.open) open(document.querySelector(d.open));
    else if ('close' in d) press.closest('dialog')?.close();
    else if ('dismiss' in d) press.closest('.toast, .note')?.remove();
    else if (d.copy) copy(press, document.querySelector(d.copy));
    else if (d.reveal) reveal(press, document.querySelector(d.reveal));
  });

  async function copy(button, from) {
    try {
      await navigator.clipboard.writeText(from.value ?? from.textContent.trim());
    } catch { // over plain http there is no clipboard
      if (from.select) from.select(); else getSelection().selectAllChildren(from);
      if (!document.execCommand('copy')) return say('Not copied. It is selected: copy it with the keyboard.');
    }
    say('Copied');
    const words = [...button.childNodes].find(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
    if (!words || button.dataset.copied) return;
    const before = words.data;
    button.dataset.copied = 'yes';
    words.data = 'Copied';
    setTimeout(() => { words.data = before; delete button.dataset.copied; }, 2000);
  }

  function reveal(button, field) {
    const show = field.type === 'password';
    field.type = show ? 'text' : 'password';
    button.setAttribute('aria-pressed', String(show));
  }
  on('submit', e => all('[data-reveal]', e.target).forEach(b => { // so that password managers see a password
    document.querySelector(b.dataset.reveal).type = 'password';
    b.setAttribute('aria-pressed', 'false');
  }));

  // A new password says how much it lacks while it is typed; empty, its hint is the first one again.
  on('input', e => {
    const field = e.target, hint = field.dataset?.min && el(field.id + '-hint');
    if (!hint) return;
    hint.dataset.first ??= hint.textContent;
    const typed = [...field.value].length, lacks = field.dataset.min - typed;
    hint.textContent = typed === 0 ? hint.dataset.first : lacks > 1 ? `${lacks} more characters` : lacks === 1 ? '1 more character' : 'Long enough';
    hint.classList.toggle('saved', typed > 0 && lacks < 1);
  });

  on('focusin', e => { if (e.target.matches?.('input[readonly]')) e.target.select(); });

  // ---- select all ---------------------------------------------------------------------------------------------------

  const boxes = head => all(`input[type=checkbox][name="${head.dataset.selectAll}"]`).filter(b => !b.disabled);
  function settleHead(head) {
    const list = boxes(head), ticked = list.filter(b => b.checked).length;
    head.checked = ticked > 0 && ticked === list.length;
    head.indeterminate = ticked > 0 && ticked < list.length;
    return ticked;
  }
  on('change', e => {
    const head = e.target;
    if (head.dataset?.selectAll) {
      boxes(head).forEach(b => { b.checked = head.checked; });
      say(`${settleHead(head)} selected`);
    } else if (head.type === 'checkbox') {
      all('[data-select-all]').filter(h => h.dataset.selectAll === head.name).forEach(h => say(`${settleHead(h)} selected`));
    }
  });

  on('reset', e => setTimeout(() => { // the boxes are empty only now, and the bar with the button is gone
    const list = el('list');
    if (!list?.contains(e.target)) return;
    all('[data-select-all]').forEach(settleHead);
    say('Nothing is selected');
    if (!shown(document.activeElement) || document.activeElement === document.body) list.querySelector('[data-select-all]')?.focus({ preventScroll: true });
  }));

  // ---- unsaved changes ----------------------------------------------------------------------------------------------

  const differs = f => f.type === 'checkbox' || f.type === 'radio' ? f.checked !== f.defaultChecked
    : f.localName === 'select' ? [...f.options].some(o => o.selected !== o.defaultSelected) && f.value !== (f.querySelector('[selected]') ?? f.options[0])?.value
    : 'defaultValue' in f && f.type !== 'hidden' && f.value !== f.defaultValue;
  const dirty = form => form.dataset.warnUnsaved === 'changed' || [...form.elements].some(differs);
  let sending; // the form that is being sent leaves no change behind
  on('submit', e => { sending = e.defaultPrevented ? null : e.target; });
  addEventListener('beforeunload', e => {
    if (all('form[data-warn-unsaved]').some(f => f !== sending && dirty(f))) e.preventDefault();
  });
  addEventListener('pageshow', () => { sending = null; });

  // ---- the switcher -------------------------------------------------------------------------------------------------

  // As account.Fold has it, as far as names of organizations need it: each spelling of a word finds the others.
  const letters = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', þ: 'th', ł: 'l', ı: 'i', ə: 'e', ħ: 'h', ŧ: 't', ŋ: 'n', ς: 'σ' };
  const plain = text => text.normalize('NFKD').replace(/[\p{M}'’‘ʼʻ`´]/gu, '').toLowerCase()
    .replace(/[ßæœøđðþłıəħŧŋς]/g, c => letters[c]).replace(/[ァ-ヶ]/g, c => String.fromCharCode(c.charCodeAt() - 96));
  const spelled = text => [plain(text), plain(text.normalize('NFC').toLowerCase().replace(/[äæöøüå]/g, c => ({ ü: 'ue', å: 'aa' })[c] ?? ('äæ'.includes(c) ? 'ae' : 'oe')))];
  let counting;
  on('input', e => {
    const list = e.target.dataset?.filter && document.querySelector(e.target.dataset.filter);
    if (!list) return;
    const wanted = spelled(e.target.value.trim());
    let found = 0;
    for (const item of all('[data-words]', list)) {
      const hit = spelled(item.dataset.words).some((words, i) => words.includes(wanted[i]));
      item.closest('li').hidden = !hit;
      found += hit;
    }
    const none = list.closest('.popover')?.querySelector('.switcher__none');
    if (none) none.hidden = found > 0;
    clearTimeout(counting);
    counting = setTimeout(() => say(found === 1 ? '1 organization matches' : `${found || 'No'} organizations match`), 400);
  });

  on('keydown', e => {
    const box = e.target.closest?.('.popover:popover-open');
    const list = box?.querySelector('[data-arrows]');
    if (!list || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    const items = all('button, a', list).filter(shown), search = box.querySelector('input[type=search]');
    const at = items.indexOf(e.target), typing = e.target === search;
    let to;
    if (e.key === 'ArrowDown') to = items[at + 1] ?? (typing ? null : items[0]);
    else if (e.key === 'ArrowUp') to = typing ? items.at(-1) : at > 0 ? items[at - 1] : search ?? items.at(-1);
    else if (typing) { // Enter on the only one that is left goes there; else the page of all of them
      if (e.key === 'Enter' && search.value.trim() && items.length === 1) { e.preventDefault(); items[0].click(); }
      return;
    } else if (e.key === 'Home') to = items[0];
    else if (e.key === 'End') to = items.at(-1);
    else if (!search && e.key.length === 1 && e.key !== ' ') {
      const letter = plain(e.key), starts = i => plain(i.dataset.words ?? i.textContent.trim()).startsWith(letter);
      to = items.slice(at + 1).find(starts) ?? items.find(starts);
    }
    if (to) { e.preventDefault(); to.focus(); }
  });

  // ---- keys ---------------------------------------------------------------------------------------------------------

  const press = e => { e?.click(); return !!e; };
  const keys = {
    '/': () => { const f = all('[data-search]').find(shown); f?.focus(); f?.select(); return !!f; },
    '?': () => { const list = el('shortcuts'); if (list) open(list); return !!list; },
    s: () => { const b = all('#switcher-button').find(shown); b?.focus(); return press(b); }, // Esc comes back here
    c: () => { const at = el('nav')?.dataset.invite; if (at) location.assign(at); return !!at; },
  };
  // What is written in a field of several lines is sent with Ctrl or Cmd and Enter.
  on('keydown', e => {
    if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && !e.isComposing && e.target.matches?.('textarea')) e.target.form?.requestSubmit();
  });
  let going = 0; // until when a letter after g is awaited
  on('keydown', e => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || e.defaultPrevented || e.repeat) return;
    if (document.documentElement.dataset.shortcuts === 'off') return;
    if (e.target.closest?.('input, textarea, select, [contenteditable], dialog, .popover')) return;
    if (document.querySelector('dialog:modal, .popover:popover-open')) return;
    if (going > Date.now()) {
      going = 0;
      const to = /^[1-9]$/.test(e.key) ? all('#switcher [data-words]')[e.key - 1] : all('[data-key]').find(a => a.dataset.key === e.key);
      if (press(to)) e.preventDefault();
    } else if (e.key === 'g') going = Date.now() + 1500;
    else if (Object.hasOwn(keys, e.key) && keys[e.key]()) e.preventDefault();
  });
  // The key c leads to the form to invite people, and into its first field.
  function enter() { if (location.hash === '#invite') el('invite')?.querySelector('textarea, input:not([type=hidden])')?.focus(); }
  addEventListener('hashchange', enter);
  addEventListener('load', () => requestAnimationFrame(enter)); // going to the fragment takes the focus away first

  // ---- time ---------------------------------------------------------------------------------------------------------

  // A toast without a link passes after ten seconds, but not while it is pointed at or holds the focus.
  function pass(toast) {
    toast.timer ??= setTimeout(function gone() {
      if (toast.matches(':hover, :focus-within')) toast.timer = setTimeout(gone, 2000); else toast.remove();
    }, 10000);
  }
  // Seconds to wait are counted down where they are shown.
  function count(place) {
    const end = Date.now() + place.dataset.countdown * 1000;
    place.timer ??= setInterval(() => {
      const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      place.textContent = left === 1 ? '1 second' : `${left} seconds`;
      if (left === 0) clearInterval(place.timer);
    }, 1000);
  }
  function settle() {
    all('.toast[data-passing]').forEach(pass);
    all('[data-countdown]').forEach(count);
    all('[data-select-all]').forEach(settleHead);
    // The tab says that a form came back, as long as it stands there.
    const title = document.title.replace(/^Error: /, '');
    document.title = document.getElementById('errors') ? `Error: ${title}` : title;
  }
  on('htmx:after:swap', settle);
  on('roster:refreshed', settle);
  on('DOMContentLoaded', settle);
  dress(document);
  // What live.js needs, too.
  window.roster = { dress, differs };
})();
