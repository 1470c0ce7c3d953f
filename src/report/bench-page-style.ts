/** The page's style: readable dark, light, narrow and on paper, without a font or a picture from elsewhere. */
export const pageStyle = `
:root{color-scheme:light dark;--text:#1a1a1a;--quiet:#555;--back:#fff;--tile:#f4f4f2;--line:#d0d0d0;--bar:#2563a8;--mark:#a4161a;--good:#12652f;--bad:#a4161a;--open:#7a4b00}
@media (prefers-color-scheme:dark){:root{--text:#ececec;--quiet:#b4b4b4;--back:#161616;--tile:#222;--line:#444;--bar:#7fb2ea;--mark:#ff9c9c;--good:#7bd69a;--bad:#ff9c9c;--open:#f0c674}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem;margin:0;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2.25rem 0 .5rem}
p{overflow-wrap:anywhere;margin:.5rem 0}
.quiet{color:var(--quiet)}
#verdict{font-size:2rem;line-height:1.2;font-weight:700;margin:.5rem 0 .25rem}
.ready,.ok{color:var(--good)}.not-ready,.over{color:var(--bad)}.not-proven{color:var(--open)}
dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.75rem;margin:1.5rem 0 0}
dl div{background:var(--tile);border-radius:.5rem;padding:.6rem .8rem}
dt{color:var(--quiet);font-size:.9rem}
dd{margin:0;font-size:1.4rem;font-weight:600;font-variant-numeric:tabular-nums}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{text-align:left;padding:.3rem .75rem .3rem 0;border-bottom:1px solid var(--line);vertical-align:top}
td{overflow-wrap:anywhere}
td:first-child{overflow-wrap:normal}
th{font-weight:600;color:var(--quiet)}
.points td,span{white-space:nowrap}
.bar{width:45%;min-width:2rem}
.bar svg{height:.7rem;margin-top:.4rem}
svg{display:block;width:100%;fill:var(--bar)}
.chart{position:relative;border-bottom:1px solid var(--line)}
.chart svg{height:10rem}
.chart i{position:absolute;top:0;bottom:0;border-left:2px dashed var(--mark);margin-left:-2px}
.ends{display:flex;justify-content:space-between;color:var(--quiet);font-size:.9rem}
@media print{:root{color-scheme:light;--text:#000;--quiet:#444;--back:#fff;--tile:#f2f2f2;--line:#bbb;--bar:#2563a8;--mark:#a4161a;--good:#12652f;--bad:#a4161a;--open:#7a4b00}main{max-width:none;padding:0}h2{break-after:avoid}tr,dl,.chart{break-inside:avoid}*{print-color-adjust:exact}}
`;
