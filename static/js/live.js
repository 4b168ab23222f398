// Open pages keep up with what others do. One tab of a browser listens to /events for all tabs of the same person and
// passes on what it hears; where and what has changed is all that is said. Each tab then asks again for the address that
// it shows, and puts in what differs, around what the person is doing.
(() => {
  const { org, user, live } = document.body.dataset;
  if (live === undefined || !org || !user || !navigator.locks || !window.BroadcastChannel) return;
  const el = id => document.getElementById(id);
  const headers = { 'HX-Request': 'true', 'Roster-Refresh': '1', 'Roster-Org': org, 'Roster-User': user };
  const minutes = n => n * 60000;

  // ---- hearing ------------------------------------------------------------------------------------------------------

  const shared = 'roster live ' + user.split('.')[0]; // of this person: another one who logs in has tabs of their own
  const channel = new BroadcastChannel(shared);
  let member = false, over = false, told = false;
  let known = null, anew = null, go = null; // of the tab that listens: the organizations it hears of, how to listen anew, and at once
  const last = {}; // and when something was changed in each of them

  function hear({ event, data, age }) {
    const words = data.split(' ');
    if (event === 'hello') { // a tab that was loaded a moment ago
      if (!known) return;
      if (!known.includes(data)) { anew?.(data); return; }
      if (Date.now() - last[data] < age) pass('change', data + ' all');
    } else if (event === 'organizations') {
      if (words.includes(org)) { member = true; over = told = false; }
      else if (member) { member = false; refresh(); } // the answer says why
    } else if (event === 'change') {
      if (words[0] === org) refresh();
    } else if (event === 'bye' && !over) {
      over = true;
      setTimeout(refresh, 1000); // a page that is being left says nothing
    } else if (event === 'waits') { // the clock of a hidden tab goes slowly, that of this one does not
      if (!document.hidden) setTimeout(() => channel.postMessage({ event: 'go', data: '' }), +data);
    } else if (event === 'go') go?.();
  }
  channel.onmessage = e => hear(e.data);

  // pass tells every tab, this one too.
  function pass(event, data) {
    if (event === 'organizations') known = data.split(' ');
    if (event === 'change') last[data.split(' ')[0]] = Date.now();
    const said = { event, data };
    channel.postMessage(said);
    hear(said);
  }

  navigator.locks.request(shared, listen); // held until the tab is gone; then the next one has it
  channel.postMessage({ event: 'hello', data: org, age: performance.now() + 500 });

  async function listen() {
    let heard = Date.now() - Math.min(performance.now(), 5000), missing = new Set();
    for (let wait = 500; !over;) {
      const stop = new AbortController();
      let silence;
      const alive = () => { heard = Date.now(); clearTimeout(silence); silence = setTimeout(() => stop.abort(), 40000); };
      anew = name => { if (!missing.has(name)) { missing.add(name); stop.abort(); } };
      try {
        const answer = await fetch(`/events?unseen=${Math.round(Date.now() - heard)}`, { headers, cache: 'no-store', signal: stop.signal });
        if (answer.status === 401 || answer.status === 409) pass('bye', '');
        if (answer.ok) {
          const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
          let text = '';
          for (;;) {
            alive();
            const { value, done } = await reader.read();
            if (done) break;
            wait = 500;
            const parts = (text + value).split('\n\n');
            text = parts.pop();
            for (const part of parts) {
              const said = /^event: (.*)\ndata: ?(.*)$/.exec(part);
              if (said) pass(said[1], said[2]);
            }
          }
        }
      } catch { /* the connection broke, or was given up */ }
      clearTimeout(silence);
      if (over) break;
      const pause = wait * (0.5 + Math.random());
      channel.postMessage({ event: 'waits', data: String(pause) });
      await new Promise(on => { go = on; setTimeout(on, pause); });
      go = null;
      wait = Math.min(2 * wait, minutes(1));
    }
    known = anew = null;
  }

  // ---- when to look again -------------------------------------------------------------------------------------------

  // A tab that nobody sees waits until somebody does, and so does one that nobody has touched for a while: looking by
  // itself must not pass for being at work.
  let due = false, looking = false, timer = 0, free = 0, failed = 0, touched = Date.now(), acts = 0;
  const attended = () => !document.hidden && Date.now() - touched < minutes(10);
  function refresh() { due = true; plan(Math.random() * 150); }
  function plan(wait) {
    if (!due || looking || timer || !attended()) return;
    timer = setTimeout(() => { timer = 0; look(); }, Math.max(wait, free - Date.now()));
  }
  for (const name of ['pointermove', 'pointerdown', 'keydown', 'scroll', 'focus']) {
    addEventListener(name, () => { touched = Date.now(); plan(0); }, { capture: true, passive: true });
  }
  document.addEventListener('visibilitychange', () => { if (!document.hidden) touched = Date.now(); plan(0); });
  // What was left alone because it was in use is looked at when it may be free.
  let left = false;
  for (const name of ['focusout', 'toggle', 'close', 'change']) document.addEventListener(name, () => { if (left) { left = false; setTimeout(refresh, 1000); } }, true);
  // What the person does here comes before what was asked for meanwhile.
  for (const name of ['htmx:before:request', 'htmx:finally:request']) document.addEventListener(name, () => { acts++; });

  async function look() {
    const began = Date.now(), before = acts;
    looking = true;
    due = false;
    try {
      const answer = await fetch(location.href, { headers, cache: 'no-store' });
      if (answer.status >= 500 || answer.status === 429) throw answer.status;
      const page = parse(await answer.text());
      if (!answer.ok) explain(page);
      else if (acts !== before) due = true;
      else if (page.body.dataset.org === org && page.body.dataset.live !== undefined) await put(page, before);
      failed = 0;
    } catch {
      due = true;
      failed = Math.min(failed + 1, 6);
    }
    looking = false;
    free = Date.now() + (failed ? 2 ** failed * 500 * (1 + Math.random()) : Math.max(300, 3 * (Date.now() - began)));
    plan(0);
  }
  const parse = text => roster.dress(new DOMParser().parseFromString(text, 'text/html'));

  // explain shows why this page cannot be shown any more: the words are the server's. What was answered to a press of
  // one's own stays.
  function explain(page) {
    const note = page.getElementById('problem-note'), place = el('problem');
    if (!note || told || place?.childElementCount) return;
    told = true;
    place?.replaceChildren(adopt(note));
  }

  // ---- putting in what differs --------------------------------------------------------------------------------------

  // shape is what an element says: without the marks of the page it came in, what was said about the last press, how
  // long ago something was, and what the scripts note.
  function shape(e) {
    const copy = e.cloneNode(true);
    copy.querySelectorAll('input[type=hidden], form[action*="/undo/"], .saved, .field__error').forEach(x => x.remove());
    copy.querySelectorAll('time, [title]').forEach(t => { t.textContent = t.title = ''; });
    copy.querySelectorAll('[data-htmx-powered], [autofocus], [aria-busy]').forEach(x => ['data-htmx-powered', 'autofocus', 'aria-busy'].forEach(a => x.removeAttribute(a)));
    return copy.innerHTML.replace(/\s+/g, ' ').replace(/> | </g, m => m.trim()).replace(/<(div|span)><\/\1>/g, '');
  }
  const undo = 'form[action*="/undo/"]';
  const same = (a, b) => shape(a) === shape(b);
  const ticks = e => e.type === 'checkbox' && e.name;
  const chosen = f => !ticks(f) && roster.differs(f);

  // inUse: the focus is in it, or something in it is open, at work, chosen and not sent, or selected.
  function inUse(e) {
    const picked = getSelection();
    return e.contains(document.activeElement) || e.querySelector(':popover-open, [aria-busy=true]') || e.matches(':popover-open')
      || e.id && document.querySelector('#row-menu:popover-open')?.dataset.of === e.id
      || [...e.querySelectorAll('input, select, textarea')].some(chosen) || !picked.isCollapsed && picked.containsNode(e, true);
  }

  function adopt(e) {
    const copy = document.importNode(e, true);
    [copy, ...copy.querySelectorAll('[autofocus]')].forEach(x => x.removeAttribute('autofocus'));
    return copy;
  }

  // swap puts one element in another's place; what was ticked stays ticked.
  function swap(old, fresh) {
    if (same(old, fresh)) return;
    if (inUse(old)) { left = true; return; }
    const copy = adopt(fresh);
    for (const box of copy.querySelectorAll('input[type=checkbox]')) {
      const was = [...old.querySelectorAll('input[type=checkbox]')].find(b => b.name === box.name && b.value === box.value);
      if (was && ticks(box)) box.checked = was.checked;
    }
    old.replaceWith(copy);
    htmx.process(copy);
  }

  const counters = ['rail-members', 'rail-invitations', 'tab-members', 'tab-invitations', 'count'];
  const regions = page => [...page.querySelectorAll('#nav, #switcher-button, #main .page-head, #main [data-live]')];

  async function put(page, before) {
    for (const id of counters) {
      const here = el(id), now = page.getElementById(id);
      if (here && now && here.textContent.trim() !== now.textContent.trim()) here.textContent = now.textContent.trim();
    }
    const old = regions(document), fresh = regions(page);
    if (old.length === fresh.length) old.forEach((e, i) => { if (e.querySelectorAll('li').length <= fresh[i].querySelectorAll('li').length || e.id) swap(e, fresh[i]); });
    const list = el('list'), rows = el('rows');
    if (rows && page.getElementById('rows')) await putRows(rows, page, before);
    else if (list && page.getElementById('list') && !rows !== !page.getElementById('rows') && !list.querySelector(undo)) swap(list, page.getElementById('list'));
    document.dispatchEvent(new CustomEvent('roster:refreshed'));
  }

  // putRows renews the rows that are here and drops those that are gone. Rows that would come in between, or stand in
  // another order, wait for the press of Show, so that nothing moves under the pointer.
  async function putRows(rows, page, before) {
    const shown = [...rows.rows].filter(r => r.id), now = new Map();
    const add = p => p.querySelectorAll('#rows > tr[id]').forEach(r => now.set(r.id, r));
    add(page);
    let more = page.getElementById('more');
    while (more && now.size < shown.length + 50 && !now.has(shown.at(-1)?.id)) { // rows that were loaded by "Load more"
      const answer = await fetch(more.href, { headers, cache: 'no-store' });
      if (!answer.ok) throw answer.status;
      const next = parse(await answer.text());
      add(next);
      more = next.getElementById('more');
    }
    if (acts !== before) { due = true; return; }

    const reach = more || el('more') ? shown.findLastIndex(r => now.has(r.id)) : shown.length;
    shown.forEach((row, i) => {
      const fresh = now.get(row.id);
      if (fresh) swap(row, fresh);
      else if (i < reach && !row.querySelector(undo)) { if (inUse(row)) left = true; else row.remove(); }
    });
    const here = new Set(shown.map(r => r.id)), ids = [...now.keys()];
    const end = el('more') ? ids.findLastIndex(id => here.has(id)) : ids.length;
    const added = ids.slice(0, end).filter(id => !here.has(id));
    const order = shown.filter(r => now.has(r.id)).map(r => r.id).join(), wanted = ids.filter(id => here.has(id)).join();
    tell(added.length + (order !== wanted), () => {
      for (const id of ids.slice(0, end)) {
        if (el(id)) { rows.append(el(id)); continue; }
        rows.append(adopt(now.get(id)));
        htmx.process(el(id));
      }
      (el(added[0])?.querySelector('a') ?? el('list-heading'))?.focus();
    });
  }

  // tell says how many changes wait, in the corner, where it moves nothing.
  let show;
  function tell(n, act) {
    const there = el('news');
    show = act;
    if (!n) { there?.remove(); return; }
    const text = n === 1 ? '1 change to this list' : `${n} changes to this list`;
    if (!there) {
      el('toasts').append(el('news-words').content.cloneNode(true));
      el('announce').textContent = text + '. Show is at the end of the page.';
    }
    el('news').querySelector('p').textContent = text;
  }
  document.addEventListener('click', e => {
    const press = e.target.closest?.('#news a');
    if (!press) return;
    e.preventDefault();
    show();
    el('news').remove();
    document.dispatchEvent(new CustomEvent('roster:refreshed'));
  });
  document.addEventListener('htmx:after:swap', () => { if (el('news') && !el('rows')) el('news').remove(); });
})();
