// The text box of the front page: the playground's answers, loaded once the box is used.

import {listAnswers, loadSheet, sayWhatIsUnknown} from './pictures.js';

const $ = id => document.getElementById(id);
let words, turn = 0;
const load = () => words ??= Promise.all([loadSheet(), import('./models.js').then(models => models.loadText())])
  .catch(error => { words = undefined; throw error; });

async function answer() {
  const question = $('front-text').value.trim(), me = ++turn;
  if (!question) { $('front-said').textContent = 'Type a text first.'; return; }
  $('front-said').textContent = 'Loading the encoder, 7 MB …';
  const [book, {ask}] = await load();
  if (me !== turn) return;
  const asked = ask(question);
  listAnswers($('front-best'), book, asked.best(5));
  $('front-said').textContent = sayWhatIsUnknown(question, asked);
  $('front-more').href = `playground.html#q=${encodeURIComponent(question)}`;
  $('front-answer').hidden = false;
}

$('front-ask').addEventListener('submit', event => {
  event.preventDefault();
  answer().catch(error => { $('front-said').textContent = `That went wrong: ${error.message}. Ask again.`; });
});
$('front-text').addEventListener('focus', () => load().catch(() => {}), {once: true});   // asking will say what is wrong
