// Written by astraeus-provision. An agent goes on with the next model of its chain where OpenCode itself would ask the
// same one again for a minute: at once where nobody else would (an agent of ours that is called directly, or that has
// a task where the oh-my-openagent plugin is not there); elsewhere after a moment in which that plugin has not gone on.
const CHAINS = {}
// Agents that we bring: the other plugin knows no chains of theirs.
const OURS = []
// The provider that stands for the site's hosts.
const POOL = ""
// Whether the other plugin is there: it goes on for agents that were given a task.
const PLUGGED = false
// Whether the loopback router answers for the hosts: the other plugin always understands its words.
const ROUTED = false
// What its own agents may read, by patterns: its configuration has no form for them, and is applied before this.
const READS = {}
const MOMENT_MS = 500
// `opencode run` ends as soon as its session is idle.
const RUN = process.argv.slice(2).includes("run")
const SESSION = "x-astraeus-session"
// The end of a step that called tools, without any.
const STEP = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'
const named = (model) => {
  const [providerID, ...rest] = model.split("/")
  return { providerID, modelID: rest.join("/") }
}
export const AstraeusChain = async ({ client }) => {
  const leaving = new Set() // sessions that are on their way to the next model
  const waiting = new Map() // sessions that wait for another try, each with the event that said so
  const tasks = new Set() // sessions that another one began
  let trouble // what the session of `opencode run` failed with, while nothing came after it
  const troubled = (by) => {
    if (by || trouble) process.exitCode = by ? 1 : 0
    trouble = by
  }
  // Who breaks a session off to go on with another model ends `opencode run`: not without a word.
  if (RUN) process.on("exit", () => trouble && console.error(`Error: ${trouble.message}`))
  const note = ({ type, properties }) => {
    const { sessionID, status, part, info } = properties ?? {}
    if (type === "session.created" && info?.parentID) tasks.add(info.id)
    if (status?.type === "retry" && !tasks.has(sessionID)) troubled({ sessionID, message: status.message })
    const came = ["message.part.delta", "session.error"].includes(type) || part?.type === "tool"
    if (came && trouble?.sessionID === (sessionID ?? part?.sessionID)) troubled()
  }
  // What was asked and who is next; nothing for an answer that has begun, or the end of a chain.
  const situation = async (sessionID) => {
    const session = (await client.session.get({ path: { id: sessionID } })).data
    if (!session) return
    const messages = (await client.session.messages({ path: { id: sessionID } })).data ?? []
    const asked = messages.findLast((one) => one.info.role === "user")
    const answer = messages.findLast((one) => one.info.role === "assistant" && one.info.parentID === asked?.info.id)
    const chain = asked && CHAINS[asked.info.agent]
    if (!chain || !answer || answer.parts.some((part) => part.type === "text" && part.text)) return
    const at = chain.indexOf(`${answer.info.providerID}/${answer.info.modelID}`)
    if (at < 0 || !chain[at + 1]) return
    const alone = OURS.includes(asked.info.agent) && !(PLUGGED && session.parentID)
    // Somebody waits for the session's end, and an abort would be that.
    const awaited = session.parentID ? !PLUGGED : RUN
    return { asked, next: chain[at + 1], alone, awaited, pooled: answer.info.providerID === POOL }
  }
  // The same question to the next model.
  const again = (sessionID, found) => ({
    path: { id: sessionID },
    body: {
      messageID: found.asked.info.id,
      agent: found.asked.info.agent,
      model: named(found.next),
      parts: found.asked.parts
        .filter((part) => part.type === "text" && !part.synthetic)
        .map((part) => ({ id: part.id, type: "text", text: part.text })),
    },
  })
  const goOn = async (sessionID, found) => client.session.promptAsync(again(sessionID, found))
  // What no host answers ends as a step without words: OpenCode takes the next one with the model that the question
  // names by then. The session is not idle in between, so that whoever waits for it gets the next model's answer.
  const handingOn = (ask) => async (input, init) => {
    const headers = new Headers(init?.headers)
    const sessionID = headers.get(SESSION)
    if (!sessionID) return ask(input, init)
    headers.delete(SESSION)
    const answer = await ask(input, { ...init, headers }).catch((error) => ({ error }))
    const failed = answer.error ? !init.signal?.aborted : !answer.ok && ![400, 413].includes(answer.status)
    const found = failed ? await situation(sessionID) : undefined
    if (found?.alone && found.pooled) {
      const { path, body } = again(sessionID, found)
      const said = await client.session.prompt({ path, body: { ...body, noReply: true } })
      const model = said.data?.info.model
      // Else it would be asked without end.
      const moved = model && `${model.providerID}/${model.modelID}` === found.next
      if (moved) return new Response(STEP, { headers: { "content-type": "text/event-stream" } })
    }
    if (answer.error) throw answer.error
    return answer
  }
  const leave = async (sessionID, found) => {
    leaving.add(sessionID)
    try {
      await client.session.abort({ path: { id: sessionID } })
    } finally {
      leaving.delete(sessionID)
    }
    await goOn(sessionID, found)
  }
  const retries = async (sessionID, event) => {
    const found = await situation(sessionID)
    if (!found || found.awaited || (!found.alone && ROUTED && found.pooled)) return
    if (!found.alone) {
      await new Promise((done) => setTimeout(done, MOMENT_MS))
      if (waiting.get(sessionID) !== event) return
    }
    await leave(sessionID, found)
  }
  return {
    config: async (config) => {
      for (const [agent, read] of Object.entries(READS)) {
        const permission = config.agent?.[agent]?.permission
        if (permission?.read === "allow") permission.read = read
      }
      const pool = config.provider?.[POOL]
      if (pool) pool.options = { ...pool.options, fetch: handingOn(pool.options?.fetch ?? fetch) }
    },
    "chat.headers": async ({ sessionID, agent, model }, { headers }) => {
      if (model.providerID === POOL && OURS.includes(agent)) headers[SESSION] = sessionID
    },
    event: async ({ event }) => {
      const { sessionID, error, status } = event.properties ?? {}
      if (RUN) note(event)
      if (event.type === "session.status") {
        waiting.delete(sessionID)
        if (status?.type === "retry" && !leaving.has(sessionID)) {
          waiting.set(sessionID, event)
          await retries(sessionID, event)
        }
      }
      if (event.type === "session.error" && error?.name === "APIError" && !leaving.has(sessionID)) {
        const found = await situation(sessionID)
        if (found?.alone && !found.awaited) await goOn(sessionID, found)
      }
    },
  }
}
