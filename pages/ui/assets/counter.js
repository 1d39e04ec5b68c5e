// Characters, SMS billed and parts on the air while typing. `SMS` (alphabets and limits) is put in front by counter.py.

const BASIC = new Set(SMS.basic);
const EXTENSION = new Set(SMS.extension);
const PLACEHOLDER = /\(\((?!\()((?:[^()\n]|\([^()\n]*\))+)\)\)/g;

// As engine.parts.count: a character of two units never straddles two parts. `odd` is what made the text UCS-2.
function countSms(text, carrier) {
  const characters = Array.from(text.replaceAll("\u001b", ""));
  const odd = characters.find((c) => !BASIC.has(c) && !EXTENSION.has(c));
  const gsm = odd === undefined;
  const widths = characters.map((c) => (gsm ? (EXTENSION.has(c) ? 2 : 1) : c.length));
  const units = widths.reduce((sum, width) => sum + width, 0);
  const { alone, part } = gsm ? SMS.gsm7 : SMS.ucs2;
  let parts = units ? 1 : 0;
  if (units > alone) {
    let used = 0;
    for (const width of widths) {
      if (used + width > part) {
        parts += 1;
        used = 0;
      }
      used += width;
    }
  }
  const sms = carrier ? parts : Math.ceil(units / alone);
  const room = carrier && parts > 1 ? parts * part : Math.max(sms, 1) * alone;
  const left = Math.max(room - units, 0);
  return { encoding: gsm ? "gsm7" : "ucs2", characters: characters.length, units, sms, parts, left, odd };
}

const keyOf = (name) => name.normalize("NFKC").replace(/[\s_-]/g, "").toLowerCase();

// The text with the values of one recipient, and whether it has placeholders at all.
function filled(text, example) {
  let personal = false;
  const out = text.replace(PLACEHOLDER, (whole, name) => {
    personal = true;
    return example[keyOf(name)] ?? whole;
  });
  return [out, personal];
}

// Quotes around a quote name nothing.
function called(odd) {
  if (/[“”„‟«»]/.test(odd)) return `A curly quote (${odd})`;
  if (/[‘’‚‛]/.test(odd)) return `A curly apostrophe (${odd})`;
  return `“${odd}”`;
}

function noteOf(count, data, personal) {
  const notes = [];
  if (count.parts > SMS.most_parts) {
    notes.push(`Too long: at most ${SMS.most_parts} parts can be sent. Shorten the text.`);
  } else if (count.odd !== undefined) {
    notes.push(
      `${called(count.odd)} is outside the SMS alphabet: each SMS holds ${SMS.ucs2.alone} characters, not ${SMS.gsm7.alone}.`,
    );
  }
  if (personal) {
    notes.push(
      Object.keys(data.example).length
        ? "Counted with the values of the first recipient; the quote counts each one's own text."
        : "Names in (( )) are counted as typed; the quote counts each recipient's own text.",
    );
  }
  return notes.join(" ");
}

export default function (component) {
  const { parentElement, data, setTriggerValue } = component;
  const field = (name) => parentElement.querySelector(`[data-field="${name}"]`);
  const area = () => document.querySelector(`.st-key-${data.watches} textarea`);
  const show = (typed) => {
    const [text, personal] = filled(typed, data.example);
    const count = countSms(text, data.carrier);
    field("characters").textContent = count.characters.toLocaleString("en");
    field("sms").textContent = String(count.sms);
    field("parts").textContent = String(count.parts);
    field("encoding").textContent = count.encoding === "gsm7" ? "GSM-7" : "Unicode";
    field("left").textContent = count.sms ? `${count.left} left in this SMS` : "";
    field("note").textContent = noteOf(count, data, personal);
    parentElement.querySelector(".counter").classList.toggle("over", count.parts > SMS.most_parts);
  };
  let pause;
  const onInput = (event) => {
    if (event.target !== area()) return;
    const typed = event.target.value;
    show(typed);
    clearTimeout(pause);
    pause = setTimeout(() => setTriggerValue("typed", typed), data.pause_ms);
  };
  // Leaving the box sends its text anyway; a trigger beside a click elsewhere could take the click's place.
  const onLeave = (event) => {
    if (event.target === area()) clearTimeout(pause);
  };
  document.addEventListener("input", onInput);
  document.addEventListener("focusout", onLeave);
  // While somebody types, the box knows more than the server.
  const there = area();
  show(there && there === document.activeElement ? there.value : data.text);
  return () => {
    clearTimeout(pause);
    document.removeEventListener("input", onInput);
    document.removeEventListener("focusout", onLeave);
  };
}
