/// The look of a report, and the little script that sorts its tables. The page is whole without the script.
enum ReportStyle {
  static let sheet =
    """
    :root{color-scheme:light dark;--ink:#1d2126;--soft:#555c64;--page:#fff;--card:#f6f7f9;--line:#d9dde2;--link:#005f96;--ok:#00694c;--caution:#8a5a00;--fail:#a83200}
    @media(prefers-color-scheme:dark){:root{--ink:#e6e6e6;--soft:#a9b0b8;--page:#15171a;--card:#1d2025;--line:#343a41;--link:#7cc4f0;--ok:#35d3a0;--caution:#f0b429;--fail:#ff8a5c}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif}
    header,nav,main,footer{max-width:1320px;margin:0 auto;padding:0 1.25rem}
    header{padding-top:1.5rem}
    h1{font-size:1.6rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
    h2{font-size:1.2rem;margin:2.25rem 0 .5rem;padding-top:.75rem;border-top:1px solid var(--line)}
    h3{font-size:1rem;margin:1.25rem 0 .25rem}
    p,figcaption,.verdict li{max-width:75ch}
    .lead,figcaption,footer{color:var(--soft)}
    .lead{margin:.25rem 0 1rem;overflow-wrap:anywhere}
    a{color:var(--link)}
    nav ul{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:1rem 0 0;padding:0;font-size:.95rem}
    .verdict{border-left:6px solid;border-radius:4px;background:var(--card);padding:.75rem 1rem;margin-top:1rem}
    .verdict h2{border:0;margin:0;padding:0}
    .verdict ul{margin:.5rem 0 0;padding-left:1.25rem}
    .verdict code{color:var(--soft);font-size:.85em;white-space:nowrap}
    .ok{border-color:var(--ok)}.ok h2{color:var(--ok)}.caution{border-color:var(--caution)}.caution h2{color:var(--caution)}.fail{border-color:var(--fail)}.fail h2{color:var(--fail)}
    .scroll{overflow-x:auto;max-width:100%;border:1px solid var(--line);border-radius:6px}
    table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums;width:100%}
    caption{text-align:left;padding:.5rem .75rem;color:var(--soft)}
    caption span{display:block;position:sticky;left:.75rem;max-width:calc(100vw - 4.5rem)}
    th,td{padding:.3rem .75rem;text-align:right;white-space:nowrap;border-top:1px solid var(--line)}
    th:first-child,td.text{text-align:left}
    td.wrap{white-space:normal;overflow-wrap:anywhere;min-width:16rem;text-align:left}
    tbody th{font-weight:500}
    thead th{border-top:0;border-bottom:1px solid var(--line);background:var(--card)}
    th button{font:inherit;color:inherit;background:none;border:0;padding:0;cursor:pointer;text-decoration:underline dotted}
    .bad{color:var(--fail);font-weight:600}
    .figure{margin:0 0 1rem}
    figcaption{margin-bottom:.5rem}
    .legend{display:flex;flex-wrap:wrap;gap:.15rem 1.1rem;list-style:none;margin:0 0 .5rem;padding:0;font-size:.85rem}
    .legend svg{vertical-align:-2px;margin-right:.4rem}
    .panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,var(--panel)),1fr));gap:.75rem}
    .panels svg.plot,.matrix svg.plot{display:block;width:100%;height:auto}
    .paired{grid-template-columns:minmax(0,1fr)}
    @media(min-width:760px){.paired{grid-template-columns:minmax(0,1fr) minmax(0,1fr)}}
    .panels>svg.plot{max-width:660px}
    .matrix{display:grid;gap:.25rem;padding:.25rem;min-width:max-content}
    .matrix svg.plot{max-width:300px}
    .drawing svg{display:block;max-width:none;height:auto}
    footer{padding-top:2rem;padding-bottom:2rem;font-size:.85rem}
    @media print{:root{--ink:#000;--page:#fff}body{font-size:11pt}nav{display:none}figure svg,.verdict,tr{break-inside:avoid}h2{break-after:avoid}.scroll{overflow:visible;border:0}header,main,footer{max-width:none;padding:0}table{font-size:8.5pt}th,td{padding:.15rem .3rem;white-space:normal}.drawing svg{max-width:100%}.matrix{min-width:0}}
    """

  /// Makes the heads of the columns buttons that sort the rows below them.
  static let script =
    """
    for(const table of document.querySelectorAll('table.sortable')){const body=table.tBodies[0];const original=[...body.rows];
    [...table.tHead.rows[0].cells].forEach((cell,index)=>{const button=document.createElement('button');button.type='button';button.textContent=cell.textContent||'name';cell.textContent='';cell.append(button);
    button.addEventListener('click',()=>{const falling=cell.getAttribute('aria-sort')==='ascending';for(const other of table.tHead.rows[0].cells)other.removeAttribute('aria-sort');cell.setAttribute('aria-sort',falling?'descending':'ascending');
    const key=row=>{const text=row.cells[index]?row.cells[index].textContent:'';const number=parseFloat(text.replace('\\u2212','-'));return index>0&&!Number.isNaN(number)?number:text};
    const rows=[...original].sort((a,b)=>{const x=key(a),y=key(b);const kinds=(typeof x==='string')-(typeof y==='string');if(kinds)return kinds;const order=typeof x==='number'?x-y:index===0?original.indexOf(a)-original.indexOf(b):x.localeCompare(y);return falling?-order:order});
    for(const row of rows)body.append(row)})})}
    """
}
