// The site as a person meets it: in a browser, by mouse and keyboard, light and dark, on a phone
// and at a desk. `cargo xtask browser` runs this.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';

import axe from 'axe-core';
import { chromium } from 'playwright-core';

import { start } from './server.js';

/** The programs to try, in the manner of PATH. */
const servers = required('SERVERS').split(path.delimiter);
/** Where `public` lies. */
const root = required('ROOT');
/** Where the screenshots go. */
const screenshots = required('SCREENSHOTS');

/** What people look at it with. 360 pixels: the narrowest phones that are sold. */
const views = [
  { name: 'phone-light', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { name: 'phone-dark', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
  { name: 'desk-light', colorScheme: 'light', viewport: { width: 1280, height: 900 } },
  { name: 'desk-dark', colorScheme: 'dark', viewport: { width: 1280, height: 900 } },
];

/** What links of the first page lead to, if not to a page or file that is there. */
const statuses = { '/nowhere': 404, '/panic': 500 };
/** Links whose purpose is to take long. */
const isSlow = (link) => /^\/(sleep$|prime\/\d{10})/.test(link);

let browser;

before(async () => {
  const args = ['--disable-quic', '--disable-background-networking'];
  browser = await chromium.launch({ executablePath: required('CHROMIUM'), args });
});

after(() => browser?.close());

for (const program of servers) {
  describe(path.basename(program, '.exe'), () => {
    let server;

    before(async () => (server = await start(program, root)));
    after(() => server?.stop());

    const visit = (name, options, steps) =>
      test(name, async () => {
        const context = await browser.newContext({ baseURL: server.url, ...options });
        try {
          const page = await context.newPage();
          const complaints = listen(page);
          await steps(page);
          assert.deepEqual(complaints, []);
        } finally {
          await context.close();
        }
      });

    visit('the first page says which step it is, and its links lead somewhere', {}, async (page) => {
      await open(page, '/');
      const step = path.basename(program, '.exe');
      assert.ok((await page.textContent('main')).includes(step), `it does not name ${step}`);
      const hrefs = await page.$$eval('a', (links) => links.map((a) => a.getAttribute('href')));
      const links = [...new Set(hrefs)].filter((link) => !isSlow(link));
      assert.ok(['/guess', '/about/', '/nowhere'].every((link) => links.includes(link)), `${links}`);
      for (const link of links) {
        await open(page, '/');
        const [response] = await Promise.all([
          page.waitForResponse((response) => response.url().endsWith(link)),
          // Some open a tab of their own, which has nothing to show here.
          page.$eval(`a[href="${link}"]`, (a) => ((a.target = '_self'), a.click())),
        ]);
        assert.equal(response.status(), statuses[link] ?? 200, link);
        await page.waitForURL(`**${link}`);
      }
    });

    visit('a page that is not there says so, and leads back', {}, async (page) => {
      assert.equal((await page.goto('/no/such/page')).status(), 404);
      assert.equal(await page.textContent('h1'), 'Not Found');
      await page.click('main a >> nth=0');
      await page.waitForURL('**/');
      assert.match(await page.textContent('.kicker'), /step \d\d of \d\d/);
    });

    visit('a file is a page with its style and its picture', {}, async (page) => {
      // Without its slash, it is somewhere else.
      await open(page, '/about');
      assert.equal(new URL(page.url()).pathname, '/about/');
      const picture = await page.$eval('img', async (img) => (await img.decode(), img.naturalWidth));
      assert.equal(picture, 360);
      const style = await page.$eval('body', (body) => getComputedStyle(body).maxWidth);
      assert.equal(style, '680px');
      const response = await page.goto('/about/who-waits.svg');
      assert.equal(response.headers()['content-type'], 'image/svg+xml');
      await page.goto('/about/four-wants.txt');
      assert.match(await page.textContent('body'), /four things/);
    });

    // A page of the game needs no script, so it is played without.
    visit('the game is played to its end', { javaScriptEnabled: false }, async (page) => {
      await open(page, '/guess');
      await leave(page, () => page.click('#start'));
      const tries = await play(page);
      assert.ok(tries <= 7, `a binary search among 100 numbers took ${tries} tries`);
      assert.match(await page.textContent('#known'), new RegExp(`You needed ${tries} tr`));
      // The game is still there at its own address, and over; another one may follow.
      await leave(page, () => page.click('main a[href^="/guess/"]'));
      assert.match(await page.textContent('#known'), /You needed/);
      assert.equal(await page.locator('#number').count(), 0);
      await leave(page, () => page.click('#again'));
      await page.fill('#number', '50');
      // By keyboard as well.
      await leave(page, () => page.press('#number', 'Enter'));
      assert.match(await page.textContent('#answer'), /too low|too high|correct/i);
    });

    for (const { name, ...view } of views) {
      visit(`every kind of page is pleasant: ${name}`, view, async (page) => {
        const looks = async (what) => {
          const file = `${what}-${name}.png`;
          await look(page, path.join(screenshots, path.basename(program, '.exe'), file));
        };
        await open(page, '/');
        await looks('index');
        await open(page, '/about/');
        await looks('file');
        await page.goto('/no/such/page');
        await looks('not-found');
        await page.goto('/panic');
        await looks('panic');
        await open(page, '/guess');
        await looks('entrance');
        await leave(page, () => page.click('#start'));
        await looks('game');
        await play(page);
        await looks('won');
      });
    }
  });
}

// A check that finds nothing anywhere proves nothing.
test('a bad page is found out', async () => {
  const page = await browser.newPage({ viewport: views[0].viewport });
  await page.setContent(`<title></title><body style="background: #fff">
    <img src="data:,"><input><p style="color: #ccc">hardly to be seen</p>
    <div style="width: 500px">too wide</div>`);
  const found = (await problems(page)).map((problem) => problem.split(':')[0]);
  for (const rule of ['image-alt', 'label', 'color-contrast', 'html-has-lang', 'document-title']) {
    assert.ok(found.includes(rule), `${rule} is not among ${found}`);
  }
  assert.ok((await overflow(page)) > 0, 'it is wider than the screen');
  await page.close();
});

/** Guesses by halves until it is right. Returns how many tries that took. */
async function play(page) {
  let [from, to] = [1, 100];
  for (let tries = 1; from <= to; tries += 1) {
    const guess = Math.floor((from + to) / 2);
    await page.fill('#number', String(guess));
    await leave(page, () => page.click('#guess'));
    const answer = await page.textContent('#answer');
    if (/too low/i.test(answer)) from = guess + 1;
    else if (/too high/i.test(answer)) to = guess - 1;
    else if (/correct/i.test(answer)) return tries;
    else assert.fail(`what is "${answer}"?`);
  }
  return assert.fail('no number is left');
}

async function open(page, url) {
  assert.equal((await page.goto(url)).status(), 200, url);
}

/** Does what leads to another page, and waits for that. */
async function leave(page, act) {
  await Promise.all([page.waitForNavigation(), act()]);
}

/** Takes a picture, and finds nothing wrong with the page. */
async function look(page, file) {
  await mkdir(path.dirname(file), { recursive: true });
  await page.screenshot({ path: file, fullPage: true });
  assert.deepEqual(await problems(page), [], file);
  assert.equal(await overflow(page), 0, `${file}: it has to be scrolled sideways`);
}

/** What stands in the way of people who see, hear or type otherwise. */
async function problems(page) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.failureSummary}`));
}

/** By how many pixels the page is wider than the screen. */
function overflow(page) {
  return page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
}

/** Collects what the browser itself complains of: scripts, policies, parts of a page that are not there. */
function listen(page) {
  const complaints = [];
  // A page that is an error was asked for; and for an icon a browser asks whether there is one or not.
  const matters = (request) => !request.isNavigationRequest() && !/\/favicon\./.test(request.url());
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('console', (message) => {
    const told = message.type() === 'error' && !message.text().startsWith('Failed to load resource');
    if (told) complaints.push(message.text());
  });
  page.on('requestfailed', (request) => {
    if (matters(request)) complaints.push(`${request.url()}: ${request.failure().errorText}`);
  });
  page.on('response', (response) => {
    if (matters(response.request()) && !response.ok()) {
      complaints.push(`${response.url()}: ${response.status()}`);
    }
  });
  return complaints;
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run \`cargo xtask browser\``);
  return value;
}
