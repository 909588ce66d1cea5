// What prismarine-physics does under scripted keys, as numbers. From a folder outside of the repository:
//
//   npm install --ignore-scripts prismarine-physics@1.11.1 prismarine-block@1.23.0 minecraft-data vec3
//   NODE_PATH=node_modules node PATH/record.js PATH/scripts.json > PATH/paths.json
//
// A script is boxes of blocks [name, level, low x, y, z, high x, y, z (excluded)], a start [x, y, z, yaw in degrees],
// and keys [ticks, "key key ..."]. Of each tick it gives x, y, z and whether the player stands.

const { Physics, PlayerState } = require('prismarine-physics')
const { Vec3 } = require('vec3')
const { readFileSync } = require('fs')

const data = require('minecraft-data')('1.16.5')
const Block = require('prismarine-block')('1.16.5')

function worldOf (boxes) {
  return {
    getBlock (at) {
      const [x, y, z] = [at.x, at.y, at.z].map(Math.floor)
      let [kind, level] = ['air', 0]
      for (const [name, depth, x0, y0, z0, x1, y1, z1] of boxes) {
        if (x >= x0 && x < x1 && y >= y0 && y < y1 && z >= z0 && z < z1) [kind, level] = [name, depth]
      }
      const block = Block.fromStateId(data.blocksByName[kind].minStateId + level, 0)
      block.position = new Vec3(x, y, z)
      return block
    }
  }
}

const paths = {}
for (const [name, { boxes, start, keys }] of Object.entries(JSON.parse(readFileSync(process.argv[2])))) {
  const world = worldOf(boxes)
  const physics = Physics(data, world)
  const bot = {
    entity: {
      position: new Vec3(start[0], start[1], start[2]),
      velocity: new Vec3(0, 0, 0),
      onGround: false,
      yaw: Math.PI * (1 - start[3] / 180), // theirs is 0 along -z and turns left
      pitch: 0,
      effects: []
    },
    inventory: { slots: [] },
    jumpTicks: 0,
    jumpQueued: false,
    version: '1.16.5'
  }
  paths[name] = []
  for (const [ticks, held] of keys) {
    const control = {}
    for (const key of ['forward', 'back', 'left', 'right', 'jump', 'sprint', 'sneak']) {
      control[key] = held.split(' ').includes(key)
    }
    for (let tick = 0; tick < ticks; tick++) {
      const state = physics.simulatePlayer(new PlayerState(bot, control), world)
      state.apply(bot)
      const { x, y, z } = state.pos
      paths[name].push([x, y, z].map(value => +value.toFixed(9)).concat(state.onGround ? 1 : 0))
    }
  }
}
const lines = Object.entries(paths).map(([name, path]) => `${JSON.stringify(name)}: ${JSON.stringify(path)}`)
console.log(`{\n${lines.join(',\n')}\n}`)
