/** Sentences that only one licence has, lower case with single blanks. Of those that begin together the first counts. */
const texts: readonly (readonly [id: string, marks: readonly string[]])[] = [
  ["Apache-2.0", ["apache license", "version 2.0, january 2004"]],
  ["AGPL-3.0-only", ["gnu affero general public license version 3"]],
  ["LGPL-3.0-only", ["gnu lesser general public license version 3"]],
  ["LGPL-2.1-only", ["gnu lesser general public license version 2.1"]],
  ["GPL-3.0-only", ["gnu general public license version 3"]],
  ["GPL-2.0-only", ["gnu general public license version 2"]],
  ["MPL-2.0", ["mozilla public license version 2.0"]],
  ["EUPL-1.2", ["european union public licence v. 1.2"]],
  ["CC-BY-NC-4.0", ["creative commons attribution-noncommercial 4.0 international"]],
  ["CC-BY-SA-4.0", ["creative commons attribution-sharealike 4.0 international"]],
  ["CC-BY-4.0", ["creative commons attribution 4.0 international"]],
  ["CC0-1.0", ["cc0 1.0 universal"]],
  ["BSD-3-Clause", ["redistribution and use in source and binary forms", "neither the name of"]],
  ["BSD-3-Clause", ["redistribution and use in source and binary forms", "to endorse or promote products"]],
  ["BSD-2-Clause", ["redistribution and use in source and binary forms"]],
  ["ISC", ["permission to use, copy, modify, and/or distribute this software for any purpose with or without fee"]],
  ["MIT", ["permission is hereby granted, free of charge, to any person obtaining a copy", "sublicense"]],
];

const known: ReadonlySet<string> = new Set(texts.map(([id]) => id));

/** Whether a file may hold a licence's text. */
export function isLicenceFile(path: string): boolean {
  return /(?:^|\/)(?:licen[cs]e|copying|copyright|notice)(?:[.-][^/]*)?$/iu.test(path);
}

/** The SPDX id of a licence's text, of several the first; null when it is none that we know. */
export function licenceOfText(text: string): string | null {
  const plain = text.toLowerCase().replaceAll(/[\s*#=]+/gu, " ");
  let [first, at] = [null as string | null, Number.POSITIVE_INFINITY];
  for (const [id, marks] of texts) {
    const place = plain.indexOf(marks[0] ?? "");
    if (place >= at || !marks.every((mark) => plain.includes(mark))) continue;
    [first, at] = [id, place];
  }
  return first;
}

/** What `SPDX-License-Identifier:` in a source file, or `license:` in a model card's header says. */
export function declaredLicence(path: string, text: string): string | null {
  const head = text.slice(0, 4096);
  const tag = /SPDX-License-Identifier:\s*([\w.+-]+)/u.exec(head)?.[1];
  const card = /\.md$/iu.test(path) ? /^---\n(?:.*\n)*?license:\s*["']?([\w.+-]+)/u.exec(head)?.[1] : undefined;
  const id = tag ?? card;
  return [...known].find((one) => one.toLowerCase() === id?.toLowerCase() || one === `${id}-only`) ?? null;
}
