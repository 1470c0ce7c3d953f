/** Credentials that their own form gives away. */
const forms: readonly (readonly [what: string, pattern: RegExp])[] = [
  ["AWS access key", /\b(AKIA|ASIA)[0-9A-Z]{16}\b/],
  ["OpenAI or Anthropic key", /\bsk-(ant-|proj-)?[A-Za-z0-9_-]{20,}/],
  ["Hugging Face token", /\bhf_[A-Za-z0-9]{30,}/],
  ["GitHub token", /\b(gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{40,})/],
  ["GitLab token", /\bglpat-[A-Za-z0-9_-]{20,}/],
  ["Slack token", /\bxox[abprs]-[A-Za-z0-9-]{10,}/],
  ["Google API key", /\bAIza[0-9A-Za-z_-]{35}/],
  ["Stripe key", /\b[rs]k_live_[A-Za-z0-9]{20,}/],
  ["npm token", /\bnpm_[A-Za-z0-9]{36}/],
  ["private key", /-----BEGIN ([A-Z]+ )*PRIVATE KEY-----/],
  ["bearer token", /^Bearer [A-Za-z0-9._~+/-]{16,}=*$/],
  ["password in a URL", /^[a-z][a-z0-9+.-]*:\/\/[^/\s:@]+:[^/\s:@{}$<]{3,}@/i],
];

/** What a text is when it is a credential by its form, or null. */
export function credentialIn(text: string): string | null {
  return forms.find(([, pattern]) => pattern.test(text))?.[0] ?? null;
}

/** Names under which people keep secrets. */
export function isCredentialName(name: string): boolean {
  return /(^|_)(password|passwd|pwd|secret|secret_key|api_?key|access_key|auth_token|access_token|private_key)$/i.test(
    name,
  );
}

const placeholder =
  /^(x+|\*+|none|null|changeme|change_me|password|secret|test|dummy|example|placeholder|todo|unused)$|^(your|my|the|insert|enter|some)[-_ ]|[<>{}$]|\.\.\.|\s/i;

/** At least eight characters that are no placeholder, variable or sentence. */
export function looksLikeSecret(text: string): boolean {
  return text.length >= 8 && !placeholder.test(text);
}
