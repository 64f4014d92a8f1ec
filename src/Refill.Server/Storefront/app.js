// Within WeChat: its browser asks for the password; whatever it says, the status page asks the gateway.
(() => {
  const main = document.querySelector("main[data-call]");
  if (!main) return;
  const call = () => WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(main.dataset.call), () => location.replace(main.dataset.back));
  if (window.WeixinJSBridge) call();
  else document.addEventListener("WeixinJSBridgeReady", call, { once: true });
})();
// The status page without reloads: one long request at a time; when something has changed, <main> is fetched and swapped; when the line is gone, it goes on when it is back.
(async () => {
  let main = document.querySelector("main[data-poll]"), pause = 1000;
  if (!main) return;
  if (location.search) history.replaceState(null, "", location.pathname);
  const live = document.getElementById("live");
  const say = (text, loud) => { live.textContent = text; live.className = loud ? "warn loud" : ""; };
  const get = async address => {
    const answer = await fetch(address, { signal: AbortSignal.timeout?.(40000) });
    if (!answer.ok) throw 0;
    return answer;
  };
  const rest = () => new Promise(done => { setTimeout(done, pause); addEventListener("online", done, { once: true }); });
  while (main.dataset.poll) {
    try {
      const { version } = await (await get(main.dataset.poll + "?seen=" + main.dataset.version)).json();
      if (live.className) say("");
      pause = 1000;
      if (version == main.dataset.version) continue;
      const page = new DOMParser().parseFromString(await (await get(location.pathname)).text(), "text/html");
      const next = page.querySelector("main[data-state]");
      main.replaceWith(next);
      main = next;
      document.title = page.title;
      say(next.querySelector("h1").textContent);
    } catch {
      say(main.dataset.offline, true);
      await rest();
      pause = Math.min(2 * pause, 30000);
    }
  }
})();
