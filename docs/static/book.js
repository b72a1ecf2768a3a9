// What is wider than the page scrolls in a box of its own; the box can then be reached by keyboard.
const boxes = 'pre, .table-wrapper, .cell_output > :is(div, figure), div.math'
const reach = () => document.querySelectorAll(boxes).forEach(box => {
  if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
  else box.removeAttribute('tabindex')
})
addEventListener('load', reach)
addEventListener('resize', reach)
